import type { ChatEvent, GatewayNotice, ServerEvent, UserId } from '@trunkline/contract';

/**
 * What a session hears. Each has channels of its own, so that the answer to a published ring counts only who can ring:
 * a user who has but chats open is unreachable for calls.
 */
export type Topic = 'calls' | 'chats';

/** One event for one user. The same text goes to every recipient. */
export interface Publication {
  userId: UserId;
  topic: Topic;
  /** A `ServerEvent` of `calls`, a `ChatEvent` of `chats`, as JSON. */
  text: string;
}

/**
 * The sending half of the bus. It is a hint, never the truth: an event MAY be lost, doubled or reordered, which is why
 * the outbox keeps what was not taken and why sessions ignore what they have seen.
 */
export interface Publisher extends AsyncDisposable {
  /**
   * MUST resolve within a bounded time, with one answer per publication, in order: how many subscribers took it, or
   * null when Redis did not answer. MUST NOT send later what it could not send now: a late ring is worse than none.
   */
  publish(publications: readonly Publication[]): Promise<(number | null)[]>;
  /** Tells every gateway. Resolves within a bounded time, whether any of them heard it or not. */
  notify(notice: GatewayNotice): Promise<void>;
  /** Whether the connection to Redis stands. */
  isConnected(): boolean;
}

export interface Subscription {
  /** Resolves when the subscription is in force: whatever is published from then on is heard. Not while Redis refuses it. */
  readonly inForce: Promise<void>;
  end(): void;
}

/** The hearing half of the bus: one channel per user and topic, so a gateway hears only of users that it holds. */
export interface Subscriber extends AsyncDisposable {
  /** The listener is called once per event that arrives, and MUST NOT throw. */
  subscribe(userId: UserId, listener: (event: ServerEvent) => void): Subscription;
  /** The same for the chats of this user. */
  subscribeToChats(userId: UserId, listener: (event: ChatEvent) => void): Subscription;
  /** Tells the listeners here of an event that came another way than the bus; those who heard it on the bus hear it twice. */
  tell(event: ServerEvent): void;
  /** The listener hears what all gateways are told. */
  onNotice(listener: (notice: GatewayNotice) => void): void;
  /** Called when subscriptions are in force again after a break in which anything may have been missed. */
  onGapEnded(listener: () => void): void;
  /** Whether a message sent to ourselves came back lately: a healthy TCP connection may still be deaf. */
  isHearing(): boolean;
}
