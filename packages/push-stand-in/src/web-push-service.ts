import { createECDH, randomBytes, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { decryptPush, type SubscriptionKeys } from './decrypt.ts';
import type { ReceivedWebPush } from './received-push.ts';
import { verifyVapid } from './vapid.ts';

/** As `JSON.stringify(subscription)` gives it in a browser. */
export interface BrowserSubscription {
  endpoint: string;
  expirationTime: null;
  keys: { p256dh: string; auth: string };
}

/** RFC 8030 section 7.2. */
const LARGEST_BODY_BYTES = 4096;
const TOPIC = /^[\w-]{1,32}$/;
const URGENCIES = new Set(['very-low', 'low', 'normal', 'high']);

type Reading = Omit<ReceivedWebPush, 'status'> | { refused: number; problem: string };

const headerProblem = (headers: IncomingHttpHeaders): string | null => {
  const { ttl, urgency, topic } = headers;
  if (!/^\d+$/.test(String(ttl))) return 'TTL is required, in whole seconds';
  if (urgency !== undefined && !URGENCIES.has(String(urgency))) return 'Urgency is none of RFC 8030';
  if (topic !== undefined && !TOPIC.test(String(topic))) return 'Topic must be at most 32 characters of base64url';
  return headers['content-encoding'] === 'aes128gcm' ? null : 'Content-Encoding must be aes128gcm';
};

const given = ({ ttl, urgency, topic }: IncomingHttpHeaders) => ({
  ttlSeconds: Number(ttl),
  urgency: String(urgency ?? 'normal'),
  topic: topic === undefined ? null : String(topic),
});

/** @throws when the sender is not who it says, or the payload was not meant for this subscription */
const open = async (endpoint: string, headers: IncomingHttpHeaders, body: Buffer, keys: SubscriptionKeys) => {
  const vapid = await verifyVapid(headers.authorization, new URL(endpoint).origin);
  const payload: unknown = JSON.parse(decryptPush(body, keys).toString());
  return { vapid, payload };
};

export interface WebPushService {
  subscribe(webPushUrl: string): BrowserSubscription;
  /** What a push service and the browser behind it would make of a request. */
  read(endpoint: string, headers: IncomingHttpHeaders, body: Buffer): Promise<Reading>;
}

export const createWebPushService = (): WebPushService => {
  const subscriptions = new Map<string, SubscriptionKeys>();
  return {
    subscribe: (webPushUrl) => {
      const ecdh = createECDH('prime256v1');
      ecdh.generateKeys();
      const auth = randomBytes(16);
      const endpoint = `${webPushUrl}/${randomUUID()}`;
      subscriptions.set(endpoint, { ecdh, auth });
      const keys = { p256dh: ecdh.getPublicKey().toString('base64url'), auth: auth.toString('base64url') };
      return { endpoint, expirationTime: null, keys };
    },
    read: async (endpoint, headers, body) => {
      const keys = subscriptions.get(endpoint);
      if (keys === undefined) return { refused: 404, problem: 'no such subscription' };
      const problem = headerProblem(headers);
      if (problem !== null) return { refused: 400, problem };
      if (body.length > LARGEST_BODY_BYTES) return { refused: 413, problem: 'the payload is too large' };
      try {
        return {
          provider: 'web_push',
          at: Date.now(),
          target: endpoint,
          ...given(headers),
          ...(await open(endpoint, headers, body, keys)),
        };
      } catch (error) {
        return { refused: 403, problem: error instanceof Error ? error.message : String(error) };
      }
    },
  };
};
