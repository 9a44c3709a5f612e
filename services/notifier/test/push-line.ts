import { randomUUID } from 'node:crypto';
import type { RequestListener, ServerResponse } from 'node:http';
import { jobsPrefix } from '@trunkline/bus';
import { JOB_RETRIES, type PushAddress, type PushContent, type PushId, type PushJob, type PushResult } from '@trunkline/contract';
import { type PushStandIn, startPushStandIn } from '@trunkline/push-stand-in';
import { newVapidPair } from '@trunkline/service-kit';
import { backingUrls } from '@trunkline/testing';
import { Queue } from 'bullmq';
import { expect, vi } from 'vitest';
import { loadNotifierConfig, type Notifier, startNotifier } from '../src/index.ts';
import { openPushDoor, type PushDoor } from './push-door.ts';

const PATIENCE = { timeout: 15_000, interval: 10 };

const newVapid = () => {
  const { publicKey, privateKey } = newVapidPair();
  return { VAPID_PUBLIC_KEY: publicKey, VAPID_PRIVATE_KEY: privateKey, VAPID_SUBJECT: 'mailto:push@example.com' };
};

export const VAPID = newVapid();

/** The settings of a notifier under test, which sends to the stand-in. */
const settingsFor = (door: PushDoor, standIn: PushStandIn, prefix: string): Record<string, string> => ({
  PORT: '0',
  HOST: '127.0.0.1',
  LOG_LEVEL: 'silent',
  INTERNAL_TOKEN: 'the-internal-token-of-tests-only',
  REDIS_URL: backingUrls().redisUrl,
  REDIS_PREFIX: prefix,
  CALL_SERVICE_URLS: door.url,
  FCM_ENDPOINT: standIn.fcmUrl,
  WEB_PUSH_ALLOW_INSECURE: '1',
  ...VAPID,
});

type PushQueueName = 'push' | 'push_bulk';

/** The queue as call-service has it. */
const openQueue = (name: PushQueueName, prefix: string) => {
  const { hostname, port } = new URL(backingUrls().redisUrl);
  return new Queue<PushJob>(name, {
    prefix: jobsPrefix(prefix),
    connection: { host: hostname, port: Number(port || 6379) },
    defaultJobOptions: JOB_RETRIES,
  });
};

/** What surrounds a notifier: a real queue, the contract's door, and the stand-in of the providers. */
export interface PushDesk extends AsyncDisposable {
  readonly door: PushDoor;
  readonly standIn: PushStandIn;
  readonly queue: Queue<PushJob>;
  /** Of a notifier that works here. */
  readonly settings: Readonly<Record<string, string>>;
  /** Queues attempts of these pushes as one job. */
  enqueue(ids: readonly PushId[], attempt?: number, queue?: PushQueueName): Promise<void>;
}

export const startPushDesk = async (): Promise<PushDesk> => {
  await using starting = new AsyncDisposableStack();
  const door = starting.use(await openPushDoor());
  const standIn = starting.use(await startPushStandIn());
  const prefix = `test-${randomUUID()}`;
  const open = (name: PushQueueName) =>
    starting.adopt(openQueue(name, prefix), async (opened) => {
      await opened.obliterate({ force: true });
      await opened.close();
    });
  const queues = { push: open('push'), push_bulk: open('push_bulk') };
  const running = starting.move();
  return {
    door,
    standIn,
    queue: queues.push,
    settings: settingsFor(door, standIn, prefix),
    enqueue: async (ids, attempt = 1, queue = 'push') => {
      await queues[queue].add('push', { pushes: ids.map((id) => ({ id, attempt })) });
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};

export interface PushLine extends PushDesk {
  readonly notifier: Notifier;
  /** Queues one push and resolves with its result. */
  send(push: Parameters<PushDoor['put']>[0]): Promise<PushResult>;
  resultOf(id: PushId): Promise<PushResult>;
}

/** A desk and a notifier in this process. */
export const startPushLine = async (settings: Readonly<Record<string, string>> = {}): Promise<PushLine> => {
  await using starting = new AsyncDisposableStack();
  const desk = starting.use(await startPushDesk());
  const notifier = starting.use(await startNotifier(loadNotifierConfig({ ...desk.settings, ...settings })));
  const running = starting.move();

  const resultOf = (id: PushId): Promise<PushResult> =>
    vi.waitFor(() => {
      const result = desk.door.resultOf(id);
      expect(result).toBeDefined();
      return result as PushResult;
    }, PATIENCE);

  return {
    ...desk,
    notifier,
    resultOf,
    send: async (push) => {
      const id = desk.door.put(push);
      await desk.enqueue([id]);
      return resultOf(id);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};

/** Answers so many requests together, so that each has a connection of its own, and later ones at once. */
export const firstTogether = (count: number, answer: (response: ServerResponse) => void): RequestListener => {
  const waiting: ServerResponse[] = [];
  let requests = 0;
  return (request, response) => {
    requests += 1;
    request.resume();
    waiting.push(response);
    if (requests >= count) for (const each of waiting.splice(0)) answer(each);
  };
};

export const android = (token: string): PushAddress => ({ provider: 'fcm', platform: 'android', kind: 'token', token });

export const browser = (standIn: PushStandIn): Extract<PushAddress, { provider: 'web_push' }> => {
  const { endpoint, keys } = standIn.newSubscription();
  return { provider: 'web_push', endpoint, ...keys };
};

export const RING = {
  type: 'incoming_call',
  callId: 'CALL_17637599232099',
  callerId: 'USR_123',
  callerName: 'Alice',
  callerAvatar: 'https://example.com/alice.png',
  callType: 'VIDEO',
  channelId: 'channel-1',
} as Extract<PushContent, { type: 'incoming_call' }>;

export const STOP = {
  type: 'call_cancelled',
  callId: 'CALL_17637599232099',
  callerId: 'USR_123',
  callerName: 'Alice',
  reason: 'cancelled',
} as Extract<PushContent, { type: 'call_cancelled' }>;
