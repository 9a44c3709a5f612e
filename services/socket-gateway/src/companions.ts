import type { CloseReason, UserId } from '@trunkline/contract';
import type { EndedFor } from './connection.ts';

/** A session that may not have its connection to itself: Socket.IO carries one in each namespace. */
export interface Companion {
  readonly userId: UserId;
  /** When the token ends that keeps it open, in epoch milliseconds. */
  expiresAt: number;
  /** Whether its client waits for no answer. */
  readonly isIdle: boolean;
  /** Resolves when its client has the answers that it waits for now. */
  answered(): Promise<void>;
  /** Says why, and closes it. The second time nothing happens. */
  close(reason: CloseReason): void;
}

type OfOneSession = Extract<EndedFor, 'client_left' | 'unavailable' | 'too_many_connections'>;

const OF_ONE_SESSION: ReadonlySet<EndedFor> = new Set<OfOneSession>(['client_left', 'unavailable', 'too_many_connections']);

/** Whether what ends one session is no reason to end the others on its connection. */
export const endsAlone = (reason: EndedFor): reason is OfOneSession => OF_ONE_SESSION.has(reason);

/** Which sessions are on one connection. One that has its connection to itself, as most have, has no entry. */
export class Companions {
  readonly #groups = new WeakMap<Companion, Set<Companion>>();

  /** From now on it is on the connection that `beside` is on. */
  join(session: Companion, beside: Companion): void {
    const group = this.#groups.get(beside) ?? new Set([beside]);
    for (const each of [beside, session]) this.#groups.set(each, group.add(each));
  }

  /** Takes out a session that ended; returns those that are left on its connection. */
  leave(session: Companion): readonly Companion[] {
    this.shareToken(session);
    const group = this.#groups.get(session) ?? new Set();
    group.delete(session);
    this.#groups.delete(session);
    return [...group];
  }

  /** A token that was shown on a connection is good for all sessions of its user there. */
  shareToken(session: Companion): void {
    const ofUser = this.#around(session).filter(({ userId }) => userId === session.userId);
    const expiresAt = Math.max(...ofUser.map((each) => each.expiresAt));
    for (const each of ofUser) each.expiresAt = expiresAt;
  }

  /** Whether nobody on its connection waits for an answer. */
  areIdle(session: Companion): boolean {
    return this.#around(session).every(({ isIdle }) => isIdle);
  }

  /** Resolves when nobody on its connection waits for an answer, whoever comes meanwhile. */
  async idle(session: Companion): Promise<void> {
    while (!this.areIdle(session)) {
      const busy = this.#around(session).filter(({ isIdle }) => !isIdle);
      await Promise.all(busy.map((each) => each.answered()));
    }
  }

  /** Those on its connection, itself among them. */
  #around(session: Companion): readonly Companion[] {
    return [...(this.#groups.get(session) ?? [session])];
  }
}
