export { loadNotifierConfig, type NotifierConfig, notifierSettings } from './config.ts';
export { type Notifier, startNotifier } from './notifier.ts';
export { NOTIFIER_METRICS } from './notifier-metrics.ts';
export { type WebNotification, webNotification } from './push/web-push/web-push-payload.ts';
