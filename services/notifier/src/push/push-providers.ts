import type { NotifierConfig } from '../config.ts';
import { createFcmSender } from './fcm/fcm-sender.ts';
import type { Provider, Providers } from './push-dispatcher.ts';
import { createWebPushSender } from './web-push/web-push-sender.ts';

const fcm = (config: NotifierConfig): Provider<'fcm'> => {
  const { FIREBASE_SERVICE_ACCOUNT, FCM_ENDPOINT, GOOGLE_APPLICATION_CREDENTIALS, GOOGLE_CLOUD_PROJECT } = config;
  const given = [FIREBASE_SERVICE_ACCOUNT, FCM_ENDPOINT, GOOGLE_APPLICATION_CREDENTIALS, GOOGLE_CLOUD_PROJECT];
  if (given.every((setting) => setting === undefined)) return { missing: 'FCM is not set up: FIREBASE_SERVICE_ACCOUNT is not set' };
  const access = { endpoint: FCM_ENDPOINT ?? null, serviceAccount: FIREBASE_SERVICE_ACCOUNT ?? null };
  return { sender: createFcmSender(access, config.PUSH_CONCURRENCY), ratePerSecond: config.FCM_RATE_PER_SECOND };
};

const webPush = (config: NotifierConfig): Provider<'web_push'> => {
  const { VAPID_PUBLIC_KEY: publicKey, VAPID_PRIVATE_KEY: privateKey, VAPID_SUBJECT: subject } = config;
  if (publicKey === undefined || privateKey === undefined || subject === undefined)
    return { missing: 'Web Push is not set up: the VAPID settings are not set' };
  const sender = createWebPushSender({ publicKey, privateKey, subject }, config, config.PUSH_CONCURRENCY);
  return { sender, ratePerSecond: config.WEB_PUSH_RATE_PER_SECOND };
};

/** Who carries pushes, as the settings say. */
export const createPushProviders = (config: NotifierConfig): Providers & AsyncDisposable => {
  const providers = { fcm: fcm(config), web_push: webPush(config) };
  const dispose = async (provider: Provider<'fcm'> | Provider<'web_push'>): Promise<void> => {
    if ('sender' in provider) await provider.sender[Symbol.asyncDispose]();
  };
  return {
    ...providers,
    [Symbol.asyncDispose]: async () => void (await Promise.all([dispose(providers.fcm), dispose(providers.web_push)])),
  };
};
