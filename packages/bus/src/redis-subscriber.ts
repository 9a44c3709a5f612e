import { randomUUID } from 'node:crypto';
import { ServerEvent, type UserId } from '@trunkline/contract';
import type { Subscriber, Subscription } from './bus.ts';
import { probeChannel, userChannel } from './channels.ts';
import { connected, connectRedis } from './redis-connection.ts';

export interface SubscriberOptions {
  redisUrl: string;
  prefix: string;
  onError(error: Error): void;
}

const START_PATIENCE_MS = 3000;
const PROBE_EVERY_MS = 2000;
const DEAF_AFTER_MS = 7000;

type Listener = (event: ServerEvent) => void;

interface Channel {
  listeners: Set<Listener>;
  inForce: Promise<void>;
}

const parseEvent = (text: string): ServerEvent | null => {
  try {
    return ServerEvent.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
};

/**
 * Subscribes over Redis sharded pub/sub. It talks to itself every two seconds: when nothing came back for seven,
 * it takes the connection for deaf and makes a new one. Starts without Redis too.
 */
export const startSubscriber = async ({ redisUrl, prefix, onError }: SubscriberOptions): Promise<Subscriber> => {
  const subscribing = connectRedis(redisUrl, 'subscribe', onError);
  const probing = connectRedis(redisUrl, 'command', onError);
  const probe = probeChannel(prefix, randomUUID());
  const channels = new Map<string, Channel>();
  const gapListeners: (() => void)[] = [];
  let heardAt = performance.now();
  let inGap = false;

  const hearProbe = (): void => {
    heardAt = performance.now();
    if (!inGap) return;
    inGap = false;
    for (const listener of gapListeners) listener();
  };

  subscribing.on('smessage', (channel: string, text: string) => {
    if (channel === probe) return hearProbe();
    const listeners = channels.get(channel)?.listeners;
    if (listeners === undefined) return;
    const event = parseEvent(text);
    if (event === null) return onError(new Error('an event on the bus is not what the contract says'));
    for (const listener of listeners) listener(event);
  });
  subscribing.on('close', () => {
    inGap = true;
  });

  const isHearing = (): boolean => !inGap && performance.now() - heardAt < DEAF_AFTER_MS;

  const sendProbe = (): void => {
    if (probing.status === 'ready') void probing.spublish(probe, '').catch(onError);
    if (performance.now() - heardAt >= DEAF_AFTER_MS) {
      inGap = true;
      heardAt = performance.now();
      onError(new Error('the subscriber hears nothing, connecting anew'));
      subscribing.disconnect(true);
    }
  };

  const subscribeTo = (channel: string): Promise<void> => subscribing.ssubscribe(channel).then(() => undefined, onError);

  await connected(subscribing, START_PATIENCE_MS);
  void subscribeTo(probe);
  const probeTimer = setInterval(sendProbe, PROBE_EVERY_MS);

  const end = (name: string, listener: Listener): void => {
    const channel = channels.get(name);
    if (channel === undefined || !channel.listeners.delete(listener) || channel.listeners.size > 0) return;
    channels.delete(name);
    subscribing.sunsubscribe(name).catch(onError);
  };

  const subscribe = (userId: UserId, listener: Listener): Subscription => {
    const name = userChannel(prefix, userId);
    let channel = channels.get(name);
    if (channel === undefined) {
      channel = { listeners: new Set(), inForce: subscribeTo(name) };
      channels.set(name, channel);
    }
    channel.listeners.add(listener);
    return { inForce: channel.inForce, end: () => end(name, listener) };
  };

  return {
    subscribe,
    onGapEnded: (listener) => gapListeners.push(listener),
    isHearing,
    async [Symbol.asyncDispose]() {
      clearInterval(probeTimer);
      probing.disconnect();
      subscribing.disconnect();
    },
  };
};
