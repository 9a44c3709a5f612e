import { createECDH, randomBytes, randomUUID } from 'node:crypto';
import {
  type BrowserSubscription,
  type PushStandIn,
  type ReceivedFcm,
  type ReceivedPush,
  startPushStandIn,
} from '@trunkline/push-stand-in';
import { createRestClient, type RestClient, type System, type SystemOptions, startSystem, until } from '@trunkline/testing';

const SERVER_KEY = 'a-server-key-of-tests-only';
const PATIENCE_MS = 20_000;

export interface PushSystem extends AsyncDisposable {
  readonly system: System;
  /** FCM and the push service: what arrived there. */
  readonly standIn: PushStandIn;
  readonly backend: RestClient;
  /** What every service was started with, beside what all systems have. */
  readonly settings: Readonly<Record<string, string>> & ReturnType<typeof newVapid>;
  /** A registered FCM token of that user. */
  fcm(userId: string, deviceId?: string): Promise<string>;
  /** A registered Web Push subscription of that user. */
  browser(userId: string, deviceId?: string): Promise<BrowserSubscription>;
  /** Resolves with the first push of that type to that target, arrived already or yet to come, that was accepted. */
  arrives(target: string, type: string): Promise<ReceivedPush>;
  /** The types of what was accepted for that target, in order. */
  typesAt(target: string): string[];
}

const newVapid = () => {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(randomBytes(32).fill(1, 0, 1));
  return {
    VAPID_PUBLIC_KEY: ecdh.getPublicKey('base64url'),
    VAPID_PRIVATE_KEY: ecdh.getPrivateKey('base64url'),
    VAPID_SUBJECT: 'mailto:push@example.com',
  };
};

const isFcm = (push: ReceivedPush): push is ReceivedFcm => push.provider === 'fcm';

/** What kind of push it is, as the app reads it. */
const typeOf = (push: ReceivedPush): string =>
  (isFcm(push) ? push.message.data?.['type'] : (push.payload as { data: { type: string } }).data.type) ?? '';

/** What an app reads in an FCM push. */
export const dataOf = (push: ReceivedPush): Record<string, string> => (isFcm(push) ? (push.message.data ?? {}) : {});

/** The whole of Trunkline, and providers that show what was sent to them. */
export const startPushSystem = async ({ settings = {}, ...options }: SystemOptions = {}): Promise<PushSystem> => {
  await using starting = new AsyncDisposableStack();
  const standIn = starting.use(await startPushStandIn());
  const toStandIn = { FCM_ENDPOINT: standIn.fcmUrl, WEB_PUSH_ALLOW_INSECURE: '1', SERVER_API_KEYS: SERVER_KEY, ...newVapid() };
  const all = { ...toStandIn, ...settings };
  const system = starting.use(await startSystem({ ...options, settings: all }));
  const running = starting.move();

  const register = async (userId: string, path: string, body: object): Promise<void> => {
    const { status, text } = await (await system.rest(userId)).post(`/v1/notifications/${path}`, body);
    if (status !== 201) throw new Error(`a push target was answered ${status}: ${text}`);
  };

  return {
    system,
    standIn,
    settings: all,
    backend: createRestClient(system.callServices[0]?.url ?? '', all.SERVER_API_KEYS),
    fcm: async (userId, deviceId = `device-${randomUUID()}`) => {
      const token = standIn.newFcmToken();
      await register(userId, 'devices', { token, platform: 'android', deviceId });
      return token;
    },
    browser: async (userId, deviceId = `device-${randomUUID()}`) => {
      const subscription = standIn.newSubscription();
      await register(userId, 'subscribe', { ...subscription, deviceId });
      return subscription;
    },
    arrives: (target, type) =>
      until(
        `${type} arrives at ${target}`,
        () => standIn.received().find((push) => push.target === target && typeOf(push) === type),
        PATIENCE_MS,
      ),
    typesAt: (target) =>
      standIn
        .received()
        .filter((push) => push.target === target)
        .map(typeOf),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};
