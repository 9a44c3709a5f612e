import { randomUUID } from 'node:crypto';
import { ChatEvent, GatewayNotice, isServerEvent, type ServerEvent, type UserId } from '@trunkline/contract';
import type { Subscriber, Subscription, Topic } from './bus.ts';
import { noticeChannel, probeChannel, userChannel } from './channels.ts';
import { Ears } from './ears.ts';
import { HeldChannels, type Holding } from './held-channels.ts';
import { connected, connectRedis, leaveReplicas } from './redis-connection.ts';

export interface SubscriberOptions {
  redisUrl: string;
  prefix: string;
  onError(error: Error): void;
}

const START_PATIENCE_MS = 3000;
const PROBE_EVERY_MS = 2000;
const DEAF_AFTER_MS = 7000;

type Listener = (event: unknown) => void;

interface Channel {
  readonly topic: Topic;
  /** Another array whenever somebody comes or goes: mostly there is one, and a set for one weighs five times as much. */
  listeners: readonly Listener[];
}

/** There is one for each session: what all have in common is in their class. */
class ChannelSubscription implements Subscription {
  readonly #holding: Holding;
  readonly #channel: string;
  readonly #listener: Listener;
  readonly #leave: (channel: string, listener: Listener) => void;

  constructor(holding: Holding, channel: string, listener: Listener, leave: (channel: string, listener: Listener) => void) {
    this.#holding = holding;
    this.#channel = channel;
    this.#listener = listener;
    this.#leave = leave;
  }

  get inForce(): Promise<void> {
    return this.#holding.inForce;
  }

  end(): void {
    this.#leave(this.#channel, this.#listener);
  }
}

/** What was said, where it is what the contract says. */
type Judge<Value> = (said: unknown) => Value | null;

/** As much of a schema of the contract as is needed here. */
interface Schema<Value> {
  safeParse(value: unknown): { data?: Value | undefined };
}

const judgeBy =
  <Value>(schema: Schema<Value>): Judge<Value> =>
  (said) =>
    schema.safeParse(said).data ?? null;

const judgeNotice = judgeBy(GatewayNotice);

/** What is heard under each topic. Of calls there are five for each, all from call-service, so they are looked at and not parsed. */
const JUDGES: Readonly<Record<Topic, Judge<unknown>>> = {
  calls: (said) => (isServerEvent(said) ? said : null),
  chats: judgeBy(ChatEvent),
};

const parse = (judge: Judge<unknown>, text: string): unknown => {
  try {
    return judge(JSON.parse(text));
  } catch {
    return null;
  }
};

/** Reads a text once when it comes again: an event goes to the channel of each of its people, one after the other. */
const createReader = () => {
  let last: { judge: Judge<unknown>; text: string; value: unknown } | null = null;
  return <Value>(judge: Judge<Value>, text: string): Value | null => {
    if (last?.judge !== judge || last.text !== text) last = { judge, text, value: parse(judge, text) };
    return last.value as Value | null;
  };
};

/**
 * Subscribes over Redis sharded pub/sub. It talks to itself every two seconds: when nothing came back for seven,
 * it takes the connection for deaf and makes a new one. Starts without Redis too.
 */
export const startSubscriber = async ({ redisUrl, prefix, onError }: SubscriberOptions): Promise<Subscriber> => {
  const subscribing = connectRedis(redisUrl, 'subscribe', onError);
  const probing = connectRedis(redisUrl, 'command', onError);
  leaveReplicas(probing, subscribing);
  const read = createReader();
  const ears = new Ears(probeChannel(prefix, randomUUID()), subscribing);
  const channels = new Map<string, Channel>();
  const notices = noticeChannel(prefix);
  const gapListeners: (() => void)[] = [];
  const noticeListeners: ((notice: GatewayNotice) => void)[] = [];
  /** By `performance.now()`; null: there is no gap. */
  let gapFrom: number | null = null;

  const tellGapEnded = (): void => {
    for (const listener of gapListeners) listener();
  };
  const endGap = (): void => {
    if (gapFrom === null || ears.deafSince() <= gapFrom) return;
    gapFrom = null;
    tellGapEnded();
  };
  const beginGap = (): void => {
    gapFrom = performance.now();
  };

  const tell = <Event>(judge: Judge<Event>, text: string, listeners: Iterable<(event: Event) => void>): void => {
    const event = read(judge, text);
    if (event === null) return onError(new Error('an event on the bus is not what the contract says'));
    for (const listener of listeners) listener(event);
  };

  subscribing.on('smessage', (channel: string, text: string) => {
    const heard = channels.get(channel);
    if (heard !== undefined) return tell(JUDGES[heard.topic], text, heard.listeners);
    if (channel === notices) return tell(judgeNotice, text, noticeListeners);
    if (ears.hear(channel)) endGap();
  });
  // A cluster loses its nodes one by one.
  for (const event of ['close', '-node']) subscribing.on(event, beginGap);

  const isHearing = (): boolean => gapFrom === null && performance.now() - ears.deafSince() < DEAF_AFTER_MS;

  const sendProbes = (): void => {
    if (probing.status === 'ready') for (const ear of ears.channels) void probing.spublish(ear, '').catch(onError);
    if (performance.now() - ears.deafSince() >= DEAF_AFTER_MS) {
      ears.forgive();
      beginGap();
      onError(new Error('the subscriber hears nothing, connecting anew'));
      subscribing.disconnect(true);
    }
  };

  // Where there is a gap, its end is told all the same.
  const held = new HeldChannels({ redis: subscribing, onError, onLate: () => void (gapFrom === null && tellGapEnded()) });
  await connected(subscribing, START_PATIENCE_MS);
  for (const channel of [...ears.channels, notices]) held.hold(channel);
  const probeTimer = setInterval(sendProbes, PROBE_EVERY_MS);

  const leave = (name: string, listener: Listener): void => {
    const channel = channels.get(name);
    if (channel === undefined) return;
    channel.listeners = channel.listeners.filter((each) => each !== listener);
    if (channel.listeners.length > 0) return;
    channels.delete(name);
    held.leave(name);
  };

  /** The listener hears only what the judge of its topic let pass. */
  const subscribe = <Event>(topic: Topic, userId: UserId, listener: (event: Event) => void): Subscription => {
    const name = userChannel(prefix, topic, userId);
    const channel = channels.get(name);
    if (channel === undefined) channels.set(name, { topic, listeners: [listener as Listener] });
    else channel.listeners = channel.listeners.concat(listener as Listener);
    return new ChannelSubscription(held.hold(name), name, listener as Listener, leave);
  };

  const tellHere = (event: ServerEvent): void => {
    for (const userId of event.recipients) {
      for (const listener of channels.get(userChannel(prefix, 'calls', userId))?.listeners ?? []) listener(event);
    }
  };

  return {
    tell: tellHere,
    subscribe: (userId, listener) => subscribe<ServerEvent>('calls', userId, listener),
    subscribeToChats: (userId, listener) => subscribe<ChatEvent>('chats', userId, listener),
    onNotice: (listener) => noticeListeners.push(listener),
    onGapEnded: (listener) => gapListeners.push(listener),
    isHearing,
    async [Symbol.asyncDispose]() {
      clearInterval(probeTimer);
      held[Symbol.dispose]();
      probing.disconnect();
      subscribing.disconnect();
    },
  };
};
