export type { NotificationClick } from './notification-click.ts';
export { type ServiceWorkerOptions, startServiceWorker } from './start-service-worker.ts';
