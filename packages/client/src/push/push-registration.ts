import type { Rest } from '../rest/rest.ts';

/** A device that Firebase reaches. */
export interface PushDevice {
  readonly token: string;
  readonly platform: 'android' | 'ios' | 'web';
  /** Whether `token` is a registration token (the default) or an installation id. */
  readonly kind?: 'token' | 'fid';
  /** The `device_id` of the user's token where it is left out. */
  readonly deviceId?: string;
  /** The language of what is shown, as `ja`. */
  readonly locale?: string;
}

/** A subscription as a browser's `PushSubscription.toJSON()` gives it. */
export interface WebPushSubscription {
  readonly endpoint?: string;
  readonly expirationTime?: number | null;
  readonly keys?: Readonly<Record<string, string>>;
}

/** Ways to reach this user while the app sleeps. Each throws TrunklineError. */
export interface PushRegistration {
  /** Registering a token again, or for another user, moves it. */
  registerDevice(device: PushDevice): Promise<void>;
  removeDevice(token: string): Promise<void>;
  /** The `applicationServerKey` of `pushManager.subscribe`. */
  vapidPublicKey(): Promise<string>;
  subscribe(subscription: WebPushSubscription, details?: { deviceId?: string; locale?: string }): Promise<void>;
  unsubscribe(endpoint: string): Promise<void>;
}

const DEVICES = '/v1/notifications/devices';
const SUBSCRIBE = '/v1/notifications/subscribe';

export const pushRegistration = (rest: Rest): PushRegistration => ({
  registerDevice: async (device) => void (await rest.plain({ method: 'POST', path: DEVICES, body: device })),
  removeDevice: async (token) => void (await rest.plain({ method: 'DELETE', path: DEVICES, body: { token } })),
  vapidPublicKey: async () =>
    (await rest.plain<{ publicKey: string }>({ method: 'GET', path: '/v1/notifications/vapid-public-key' })).publicKey,
  subscribe: async ({ endpoint, expirationTime, keys }, details) =>
    void (await rest.plain({ method: 'POST', path: SUBSCRIBE, body: { endpoint, expirationTime, keys, ...details } })),
  unsubscribe: async (endpoint) => void (await rest.plain({ method: 'DELETE', path: SUBSCRIBE, body: { endpoint } })),
});
