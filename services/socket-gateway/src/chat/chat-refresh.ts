import type { Subscription } from '@trunkline/bus';
import type { ChatId, OpenedSession } from '@trunkline/contract';
import type { DatabaseClock } from '../database-clock.ts';
import { heardWithin } from '../heard-within.ts';
import type { Admission, NotAdmitted, SessionReports } from '../session-reports.ts';
import type { ChatDeliverer } from './chat-deliverer.ts';

export interface ChatRefreshOptions {
  readonly session: Pick<OpenedSession, 'sessionId' | 'userId' | 'deviceId'>;
  readonly reports: Pick<SessionReports, 'hasRoom' | 'opened'>;
  readonly subscription: Subscription;
  readonly clock: DatabaseClock;
  readonly deliverer: ChatDeliverer;
  /** Whether it was greeted, and is not closed. */
  isOpen(): boolean;
  /** Its user has as many connections as one may have. */
  refuse(): void;
}

const SUBSCRIBE_PATIENCE_MS = 2000;
/** A message bears a time before its commit, by no more than this where it was acknowledged. */
const COMMITTED_WITHIN_MS = 5000;

/** Reports one session as open, again whenever anything may have been missed, and has what was missed told. */
export class ChatRefresh {
  readonly #options: ChatRefreshOptions;
  readonly #begunAt = performance.now();
  /** The same by the database's clock. */
  #begun: number | null = null;
  /** Of chats that were written in right before it opened, the last message then: up to there nothing is missing. */
  #beforeOpening: ReadonlyMap<ChatId, number> | null = null;
  #isNeeded = false;
  #isAsking = false;
  #wasReported = false;
  #running: Promise<void> | null = null;

  constructor(options: ChatRefreshOptions) {
    this.#options = options;
  }

  /** Whether it ever was, though the answer may have been lost. */
  get wasReported(): boolean {
    return this.#wasReported;
  }

  /** Whether messages may be missing of chats that nothing was told of. */
  get isUnsure(): boolean {
    return this.#isNeeded || this.#isAsking;
  }

  /** Resolves when the session hears, or has waited for that for long. */
  heard(): Promise<void> {
    return heardWithin(this.#options.subscription, SUBSCRIBE_PATIENCE_MS, this.refresh);
  }

  /** Resolves with what it must know, or with why no call-service took it. */
  async report(): Promise<Admission | NotAdmitted> {
    const { session, reports, refuse } = this.#options;
    if (!this.#wasReported && !reports.hasRoom()) return 'unreachable';
    this.#wasReported = true;
    const admission = await reports.opened({ ...session, hears: 'chats', since: this.#since() });
    if (typeof admission === 'string') return admission;
    this.#beforeOpening ??= new Map(admission.news?.map(({ chatId, lastSeq }) => [chatId, lastSeq]));
    if (admission.refused) refuse();
    return admission;
  }

  /** Anything may have been missed, the opening of this session included. */
  readonly refresh = (): void => {
    this.#isNeeded = true;
    this.catchUp();
  };

  /** Does what an earlier refresh could not. */
  catchUp(): void {
    if (!this.#options.isOpen() || this.#running !== null) return;
    this.#running = this.#run().finally(() => {
      this.#running = null;
    });
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    do {
      if (this.#isNeeded && !(await this.#learn())) return;
      await this.#options.deliverer.checkBehind();
    } while (this.#isNeeded && this.#options.isOpen());
  }

  /** False when no call-service answered, or nobody is there any more. */
  async #learn(): Promise<boolean> {
    const { deliverer, isOpen } = this.#options;
    this.#isNeeded = false;
    this.#isAsking = true;
    await this.heard();
    const admission = isOpen() ? await this.report() : 'unreachable';
    this.#isAsking = false;
    if (typeof admission === 'string') this.#isNeeded = true;
    if (typeof admission === 'string' || !isOpen()) return false;
    deliverer.goOn(this.#missedIn(admission));
    await deliverer.checkAll();
    return true;
  }

  #missedIn({ news = [] }: Admission): { chatId: ChatId; seq: number }[] {
    const behind = news.map(({ chatId, afterSeq, lastSeq }) => {
      const seq = Math.max(afterSeq, this.#beforeOpening?.get(chatId) ?? 0);
      return { chatId, seq, lastSeq };
    });
    return behind.filter(({ seq, lastSeq }) => seq < lastSeq);
  }

  /** Undefined while the database's clock was never read. */
  #since(): number | undefined {
    const { clock, deliverer } = this.#options;
    const now = clock.now();
    if (now !== null) this.#begun ??= now - (performance.now() - this.#begunAt);
    return this.#begun === null ? undefined : Math.max(this.#begun - COMMITTED_WITHIN_MS, deliverer.forgottenUntil);
  }
}
