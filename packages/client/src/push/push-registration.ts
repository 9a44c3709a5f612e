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

/** Whose language it is, and on which device; the token's and the browser's own where they are left out. */
export interface SubscriptionDetails {
  readonly deviceId?: string;
  readonly locale?: string;
}

/** Ways to reach this user while the app sleeps. Each throws TrunklineError. */
export interface PushRegistration {
  /** Registering a token again, or for another user, moves it. */
  registerDevice(device: PushDevice): Promise<void>;
  removeDevice(token: string): Promise<void>;
  /** The `applicationServerKey` of `pushManager.subscribe`. */
  vapidPublicKey(): Promise<string>;
  subscribe(subscription: WebPushSubscription, details?: SubscriptionDetails): Promise<void>;
  unsubscribe(endpoint: string): Promise<void>;
  /**
   * All of Web Push for a page: asks the person where that is open, subscribes, and registers the subscription. Resolves
   * with whether the person lets it. To be called when something was clicked, and at each start once it was let.
   */
  enable(registration: ServiceWorkerRegistration, details?: SubscriptionDetails): Promise<boolean>;
}

const DEVICES = '/v1/notifications/devices';
const SUBSCRIBE = '/v1/notifications/subscribe';

/** A subscription made for another key stands in the way of one for this key. */
const subscriptionFor = async ({ pushManager }: ServiceWorkerRegistration, applicationServerKey: string): Promise<PushSubscription> => {
  const options = { userVisibleOnly: true, applicationServerKey };
  try {
    return await pushManager.subscribe(options);
  } catch (error) {
    const former = await pushManager.getSubscription();
    if (former === null) throw error;
    await former.unsubscribe();
    return pushManager.subscribe(options);
  }
};

export const pushRegistration = (rest: Rest): PushRegistration => {
  const vapidPublicKey: PushRegistration['vapidPublicKey'] = async () =>
    (await rest.plain<{ publicKey: string }>({ method: 'GET', path: '/v1/notifications/vapid-public-key' })).publicKey;
  const subscribe: PushRegistration['subscribe'] = async ({ endpoint, expirationTime, keys }, details) =>
    void (await rest.plain({ method: 'POST', path: SUBSCRIBE, body: { endpoint, expirationTime, keys, ...details } }));
  return {
    registerDevice: async (device) => void (await rest.plain({ method: 'POST', path: DEVICES, body: device })),
    removeDevice: async (token) => void (await rest.plain({ method: 'DELETE', path: DEVICES, body: { token } })),
    vapidPublicKey,
    subscribe,
    unsubscribe: async (endpoint) => void (await rest.plain({ method: 'DELETE', path: SUBSCRIBE, body: { endpoint } })),
    enable: async (registration, details) => {
      if ((await Notification.requestPermission()) !== 'granted') return false;
      const subscription = await subscriptionFor(registration, await vapidPublicKey());
      await subscribe(subscription.toJSON(), details);
      return true;
    },
  };
};
