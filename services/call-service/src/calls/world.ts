import type { CallEvent, CommandEnvelope, CommandReply, Delivery } from '@trunkline/contract';
import { type CallRecord, participantsOf, type TraceRow } from './call-record.ts';
import { type CallLimits, type Deadline, nextDeadline } from './deadlines.ts';

export interface CallPolicy extends CallLimits {
  /** What a call to somebody who is in a live call does: `reject` it as busy, or `ring` (call waiting). */
  busyPolicy: 'reject' | 'ring';
}

/** Who acts in a user's place: the app's backend, with the key of that name, and what it says about it. */
export interface ServerActing {
  keyName: string;
  note: string | null;
}

/** What the app's hook said of a place: the call is refused, or placed and reaches nobody. */
export type Screening = { deny: string } | 'silence';

/** What an edge sent, with what only this service knows of it. */
export interface DecidedEnvelope extends CommandEnvelope {
  server?: ServerActing;
  screening?: Screening;
}

/** A line of the audit: what the app's backend did to a call. */
export interface CallAuditRow {
  keyName: string;
  action: string;
  callId: string | null;
  userId: string;
  detail: Readonly<Record<string, string>>;
}

/** One thing to decide. A command is a participant's; the others are what the system saw. */
export type Input =
  | { kind: 'command'; envelope: DecidedEnvelope }
  /** A gateway wrote the ring to a session's socket. */
  | { kind: 'rung'; delivery: Delivery }
  /** A session got a stop. */
  | { kind: 'stopped'; delivery: Delivery }
  /** Look at the call: a deadline may have passed. */
  | { kind: 'due'; callId: string }
  /** Redis answered that nobody heard the ring. */
  | { kind: 'nobody_heard'; callId: string; calleeId: string }
  /** A provider accepted a push that rings. */
  | { kind: 'pushed'; callId: string }
  /** The callee has a push target now, or none any more. `targetId`: one that was just registered. */
  | { kind: 'reach'; callId: string; targetId?: string }
  /** A session of this participant opened or closed. */
  | { kind: 'presence'; callId: string; userId: string };

/** The first answer to a command, kept under the client's own id for it (invariant 9). */
export interface StoredAnswer {
  bodyHash: string;
  /** Null while the command that took the key is being decided. */
  reply: CommandReply | null;
}

/** Of the callees concerned, those who have a push target, and whether they want calls to ring there now. */
export type Reach = ReadonlyMap<string, { mayRing: boolean }>;

/** A push target that was registered while the call rings, and is to ring with it. */
export interface LateRing {
  call: CallRecord;
  targetId: string;
  /** Epoch milliseconds of the database's clock. */
  at: number;
}

/** All that a batch of inputs may depend on, read while its locks are held. */
export interface Loaded {
  /** The database's clock, in epoch milliseconds, after the locks were taken. */
  now: number;
  calls: readonly CallRecord[];
  /** Of the users concerned, those with an open session. */
  presentUsers: ReadonlySet<string>;
  answers: ReadonlyMap<string, StoredAnswer>;
  /** Of the callees concerned, whom each has blocked. */
  blockedBy: ReadonlyMap<string, ReadonlySet<string>>;
  reach: Reach;
  /** Commands of earlier attempts that were committed, with their calls. */
  doneCommands: ReadonlyMap<string, string>;
}

/** All that a batch changed: written in one transaction. */
export interface Outcome {
  replies: (CommandReply | null)[];
  inserted: ReadonlySet<CallRecord>;
  updated: ReadonlySet<CallRecord>;
  events: readonly CallEvent[];
  traces: readonly TraceRow[];
  /** Events that are heard or lost: published after the commit, and kept nowhere. */
  hints: readonly CallEvent[];
  audit: readonly CallAuditRow[];
  answers: ReadonlyMap<string, StoredAnswer>;
  reach: Reach;
  lateRings: readonly LateRing[];
}

/** Whether push can ring the callee, who is not there for a caller that it has blocked. */
export const ringsByPush = ({ calleeId, hiddenFromCallee }: CallRecord, reach: Reach): boolean =>
  !hiddenFromCallee && (reach.get(calleeId)?.mayRing ?? false);

/** The calls of one batch while it is being decided: looked up by id, by alias and by user, changed in place. */
export class World {
  readonly now: number;
  readonly policy: CallPolicy;
  readonly presentUsers: ReadonlySet<string>;
  readonly reach: Reach;
  /** Commands that were done, by which call: before this batch, or in it. */
  readonly doneCommands: Map<string, string>;
  readonly inserted = new Set<CallRecord>();
  readonly updated = new Set<CallRecord>();
  readonly events: CallEvent[] = [];
  readonly traces: TraceRow[] = [];
  readonly hints: CallEvent[] = [];
  readonly audit: CallAuditRow[] = [];
  readonly lateRings: LateRing[] = [];
  readonly newAnswers = new Map<string, StoredAnswer>();
  readonly #answers: ReadonlyMap<string, StoredAnswer>;
  readonly #blockedBy: Loaded['blockedBy'];
  readonly #byId = new Map<string, CallRecord>();
  readonly #byUser = new Map<string, CallRecord[]>();

  constructor(loaded: Loaded, policy: CallPolicy) {
    this.now = loaded.now;
    this.policy = policy;
    this.presentUsers = loaded.presentUsers;
    this.reach = loaded.reach;
    this.doneCommands = new Map(loaded.doneCommands);
    this.#answers = loaded.answers;
    this.#blockedBy = loaded.blockedBy;
    for (const call of loaded.calls) this.#index(call);
  }

  #index(call: CallRecord): void {
    this.#byId.set(call.id, call);
    if (call.calleeAlias !== null) this.#byId.set(call.calleeAlias, call);
    for (const userId of participantsOf(call)) {
      const calls = this.#byUser.get(userId);
      if (calls === undefined) this.#byUser.set(userId, [call]);
      else calls.push(call);
    }
  }

  hasBlocked(owner: string, blocked: string): boolean {
    return this.#blockedBy.get(owner)?.has(blocked) ?? false;
  }

  nextDeadline(call: CallRecord): Deadline | null {
    return nextDeadline(call, this.policy, ringsByPush(call, this.reach));
  }

  find(id: string): CallRecord | undefined {
    return this.#byId.get(id);
  }

  liveCallsOf(userId: string): CallRecord[] {
    return (this.#byUser.get(userId) ?? []).filter((call) => call.endedAt === null);
  }

  insert(call: CallRecord): void {
    this.#index(call);
    this.inserted.add(call);
  }

  changed(call: CallRecord): void {
    if (!this.inserted.has(call)) this.updated.add(call);
  }

  /** From now on the call is also found under the callee's own id for it. */
  giveAlias(call: CallRecord, alias: NonNullable<CallRecord['calleeAlias']>): void {
    call.calleeAlias = alias;
    this.#byId.set(alias, call);
  }

  answerFor(key: string): StoredAnswer | undefined {
    return this.newAnswers.get(key) ?? this.#answers.get(key);
  }
}
