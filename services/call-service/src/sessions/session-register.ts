import type {
  ClosedSession,
  GatewayId,
  GatewayNotice,
  LeaseResponse,
  OpenedSession,
  SessionId,
  Snapshot,
  UserId,
} from '@trunkline/contract';
import { createMicroBatch, type Logger } from '@trunkline/service-kit';
import type { Background } from '../background.ts';
import { type Decider, decideSurely } from '../calls/decider.ts';
import type { LeftSeats } from '../chat/left-seats.ts';
import type { PartnerNews } from '../chat/partners.ts';
import type { Database } from '../database/database.ts';
import { inSteps } from '../database/in-steps.ts';
import type { Webhooks } from '../webhooks/start-webhooks.ts';
import { readChatNews } from './chat-news.ts';
import { createRenewalWatch } from './renewal-watch.ts';
import { readSnapshots } from './snapshots.ts';
import { readUnread } from './unread-chats.ts';

const KNOW_GATEWAY = {
  name: 'know_gateway',
  text: `INSERT INTO gateways (id, lease_until) VALUES ($1, clock_timestamp() + make_interval(secs => $2)) ON CONFLICT DO NOTHING`,
};
/** Answers with the lease's former end, which tells whether it had lapsed, and with the sessions that are still to be closed. */
const RENEW_LEASE = {
  name: 'renew_lease',
  text: `WITH former AS (SELECT lease_until FROM gateways WHERE id = $1),
      renewed AS (
        INSERT INTO gateways (id, lease_until) VALUES ($1, clock_timestamp() + make_interval(secs => $2))
        ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until
      )
    SELECT coalesce((SELECT lease_until > clock_timestamp() FROM former), false) AS known,
      round(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "databaseNow",
      ARRAY(SELECT id FROM sessions WHERE gateway_id = $1 AND disconnected_at IS NOT NULL AND closed_at IS NULL) AS "toClose"`,
};
export const DISCONNECT_USER = {
  name: 'disconnect_user',
  text: `WITH unwanted AS (
      UPDATE sessions SET disconnected_at = clock_timestamp() WHERE user_id = $1 AND closed_at IS NULL RETURNING 1
    ), counted AS (SELECT count(*)::integer AS sessions FROM unwanted), audited AS (
      INSERT INTO server_audit (action, key_name, user_id, detail)
      SELECT 'disconnect_user', $2::text, $1, jsonb_build_object('sessions', sessions) FROM counted WHERE $2::text IS NOT NULL
    )
    SELECT sessions FROM counted`,
};
const OPEN_SESSIONS = {
  name: 'open_sessions',
  text: `INSERT INTO sessions (id, gateway_id, user_id, device_id, hears)
    SELECT id, $1, user_id, device_id, hears
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS opened (id, user_id, device_id, hears) ORDER BY id
    ON CONFLICT (id) DO UPDATE SET closed_at = NULL, settled_at = NULL WHERE NOT sessions.is_over`,
};
/** Also of a session that was never opened: its opening may still be on the way, and must find it over. */
const CLOSE_SESSIONS = {
  name: 'close_sessions',
  text: `INSERT INTO sessions (id, gateway_id, user_id, closed_at, is_over)
    SELECT id, $1, user_id, clock_timestamp(), true FROM unnest($2::text[], $3::text[]) AS closed (id, user_id) ORDER BY id
    ON CONFLICT (id) DO UPDATE SET closed_at = coalesce(sessions.closed_at, excluded.closed_at), is_over = true RETURNING id, user_id`,
};
const NOTE_LAST_SEEN = {
  name: 'note_last_seen',
  text: `INSERT INTO lines (user_id, last_seen_at) SELECT user_id, clock_timestamp() FROM unnest($1::text[]) AS seen (user_id) ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET last_seen_at = excluded.last_seen_at`,
};
const STEP = 5000;
/** Locks the gateway: a renewal comes before, and its sessions stay, or after, and hears that they are closed. */
const CLOSE_LAPSED = {
  name: 'close_sessions_of_lapsed_gateways',
  text: `WITH lapsed AS MATERIALIZED (SELECT id FROM gateways WHERE lease_until < clock_timestamp() FOR UPDATE)
    UPDATE sessions SET closed_at = clock_timestamp() WHERE closed_at IS NULL AND id IN
      (SELECT s.id FROM lapsed JOIN sessions s ON s.gateway_id = lapsed.id WHERE s.closed_at IS NULL LIMIT ${STEP}) RETURNING id`,
};
/** A write, as a renewal is one: answers where that could have been stored too. */
const FORGET_GATEWAYS = {
  name: 'forget_gateways',
  text: `WITH forgotten AS (DELETE FROM gateways WHERE lease_until < clock_timestamp() - interval '1 day')
    SELECT round(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now`,
};
const SETTLED_TOGETHER = 1000;
const SETTLED_APART_MS = 100;
export const READ_UNSETTLED = {
  name: 'read_unsettled_sessions',
  text: `SELECT id, user_id, NOT is_over AS lapsed FROM sessions WHERE closed_at < statement_timestamp() - interval '1 second' AND settled_at IS NULL
    ORDER BY closed_at LIMIT ${SETTLED_TOGETHER}`,
};
const SETTLE_SESSIONS = {
  name: 'settle_sessions',
  text: 'UPDATE sessions SET settled_at = clock_timestamp() WHERE id = ANY ($1::text[]) AND closed_at IS NOT NULL',
};
/**
 * Long after any request about them can arrive. Those of a gateway that died stay longer than snapshots look back: that they were there
 * may be all that says that their devices rang.
 */
export const FORGET_SESSIONS = {
  name: 'forget_sessions',
  text: `DELETE FROM sessions WHERE id IN
    (SELECT id FROM sessions WHERE settled_at < statement_timestamp() - interval '1 minute'
      AND (is_over OR settled_at < statement_timestamp() - interval '6 minutes') LIMIT ${STEP}) RETURNING id`,
};
const READ_LIVE_CALLS = {
  name: 'read_live_calls_of_users',
  text: `SELECT id, caller_id AS user_id FROM calls WHERE caller_id = ANY ($1::text[]) AND coalesce(ended_at, 'infinity') = 'infinity'
    UNION ALL SELECT id, callee_id FROM calls WHERE callee_id = ANY ($1::text[]) AND coalesce(ended_at, 'infinity') = 'infinity'
      AND NOT hidden_from_callee`,
};

/** `$1` users, `$2` how many each may have, `$3` the sessions that were just opened: those that are too many, the newest first to go. */
const REFUSE_SURPLUS = {
  name: 'refuse_surplus_sessions',
  text: `DELETE FROM sessions WHERE id IN (SELECT id FROM (
      SELECT id, row_number() OVER (PARTITION BY user_id ORDER BY opened_at, id) AS place FROM sessions
      WHERE user_id = ANY ($1::text[]) AND closed_at IS NULL
    ) AS ranked WHERE place > $2 AND id = ANY ($3::text[])) RETURNING id`,
};

interface LeaseRow {
  known: boolean;
  databaseNow: number;
  toClose: SessionId[];
}

interface SessionRow {
  id: string;
  user_id: string;
}

/** A session that is over. */
interface Gone extends SessionRow {
  /** Nobody knows since when: what it was told last, nobody may have heard. */
  isDoubtful: boolean;
}

export interface SessionRegister {
  /** Registers sessions, and answers with what each of them must know. Opening one again is harmless. */
  open(gatewayId: GatewayId, opened: readonly OpenedSession[]): Promise<Snapshot[]>;
  /** Resolves when the closing is stored; the calls of those people are told of it behind that. */
  close(gatewayId: GatewayId, closed: readonly ClosedSession[]): Promise<void>;
  renewLease(gatewayId: GatewayId): Promise<LeaseResponse>;
  /** Has all sessions of this user closed by their gateways, and says how many there are. No key: what it is part of is audited. */
  disconnect(userId: UserId, keyName: string | null): Promise<number>;
  /** Closes the sessions of gateways that fell silent. To be called each second. */
  closeLapsed(stopping: AbortSignal): Promise<void>;
  /** Settles closings that no process has settled. */
  settle(stopping: AbortSignal): Promise<void>;
  /** Forgets the sessions that nothing will ask for any more. */
  forget(stopping: AbortSignal): Promise<void>;
}

export interface SessionRegisterOptions {
  database: Database;
  decider: Decider;
  /** Told of whose first session opened and whose last one closed. */
  partners: PartnerNews;
  /** Told of the sessions that are over. */
  seats: LeftSeats;
  /** Where what follows from a closing goes on behind its answer. */
  background: Pick<Background, 'run'>;
  logger: Logger;
  gatewayLeaseSeconds: number;
  /** Null: the app's backend is told nothing of who comes and goes. */
  webhooks: Pick<Webhooks, 'come' | 'go' | 'wake'> | null;
  /** Whether a hook is asked before a call rings. */
  screensPlaces: boolean;
  /** Tells all gateways. */
  notify(notice: GatewayNotice): Promise<void>;
  /** 0: as many as they like. */
  connectionsPerUser: number;
}

const columnsOf = (opened: readonly OpenedSession[]) => [
  opened.map((o) => o.sessionId),
  opened.map((o) => o.userId),
  opened.map((o) => o.deviceId),
  opened.map((o) => o.hears),
];

const usersOf = (sessions: readonly OpenedSession[]): string[] => sessions.map(({ userId }) => userId);
const ids = (sessions: readonly OpenedSession[]): string[] => sessions.map(({ sessionId }) => sessionId);
const unique = (users: readonly string[]): string[] => [...new Set(users)];

/** Who is connected, where; the witness of every absence (invariant 13). */
export const createSessionRegister = ({
  database,
  decider,
  partners,
  seats,
  background,
  logger,
  gatewayLeaseSeconds,
  screensPlaces,
  webhooks,
  notify,
  connectionsPerUser,
}: SessionRegisterOptions): SessionRegister => {
  const tellCalls = async (users: readonly string[]): Promise<void> => {
    const calls = await database.query<SessionRow>(READ_LIVE_CALLS, [unique(users)]);
    await Promise.all(calls.map(({ id, user_id }) => decideSurely(decider, { kind: 'presence', callId: id, userId: user_id })));
  };

  const partnersMissed = (error: unknown): void => logger.warn({ err: error }, 'chat partners were not told of who came or went');

  const settle = async (sessions: readonly Gone[]): Promise<void> => {
    if (sessions.length === 0) return;
    const users = unique(sessions.map(({ user_id }) => user_id));
    await database.query(NOTE_LAST_SEEN, [users]);
    await tellCalls(users);
    await webhooks?.go(users);
    await partners.went(users).catch(partnersMissed);
    await seats.pushUnseen(sessions.filter(({ isDoubtful }) => isDoubtful).map(({ id }) => id));
    await database.query(SETTLE_SESSIONS, [sessions.map(({ id }) => id)]);
  };

  const settleLeftBehind = async (stopping: AbortSignal): Promise<void> => {
    while (!stopping.aborted) {
      const sessions = await database.query<SessionRow & { lapsed: boolean }>(READ_UNSETTLED, []);
      await settle(sessions.map(({ lapsed, ...session }) => ({ ...session, isDoubtful: lapsed })));
      if (sessions.length < SETTLED_TOGETHER) return;
    }
  };

  const refuseSurplus = async (opened: readonly OpenedSession[]): Promise<ReadonlySet<string>> => {
    if (connectionsPerUser === 0) return new Set();
    const users = unique(usersOf(opened));
    const surplus = await database.query<{ id: string }>(REFUSE_SURPLUS, [users, connectionsPerUser, ids(opened)]);
    return new Set(surplus.map(({ id }) => id));
  };

  /** In a storm of closings their consequences come together: what waits for them waits for seconds. */
  const settling = createMicroBatch<Gone, void>({
    maxItems: SETTLED_TOGETHER,
    maxInFlight: 1,
    apartMs: SETTLED_APART_MS,
    run: async (sessions) => {
      await settle(sessions);
      return sessions.map(() => undefined);
    },
  });

  const settleSoon = async (sessions: readonly Gone[]): Promise<void> => {
    await Promise.all(sessions.map(settling.add));
  };

  const renewals = createRenewalWatch(gatewayLeaseSeconds * 1000);
  return {
    open: async (gatewayId, opened) => {
      if (opened.length === 0) return [];
      await database.transaction(async (transaction) => {
        transaction.send(KNOW_GATEWAY, [gatewayId, gatewayLeaseSeconds]);
        const openThem = (): void => transaction.send(OPEN_SESSIONS, [gatewayId, ...columnsOf(opened)]);
        if (webhooks === null) openThem();
        else await webhooks.come(transaction, usersOf(opened), openThem);
      });
      webhooks?.wake();
      const surplus = await refuseSurplus(opened);
      const admitted = opened.filter(({ sessionId }) => !surplus.has(sessionId));
      await tellCalls(usersOf(admitted));
      const came = partners.came(unique(usersOf(admitted)), ids(admitted)).catch(partnersMissed);
      const [read, unread, news] = await Promise.all([
        readSnapshots(database, admitted),
        readUnread(database, admitted),
        readChatNews(database, admitted),
        came,
      ]);
      const snapshots = new Map(read.map((snapshot) => [snapshot.sessionId, snapshot]));
      return opened.map(({ sessionId }) => {
        const snapshot = snapshots.get(sessionId);
        if (snapshot === undefined) return { sessionId, events: [], refused: true };
        return { ...snapshot, unread: unread.get(sessionId), news: news.get(sessionId) };
      });
    },
    close: async (gatewayId, closed) => {
      if (closed.length === 0) return;
      const silent = new Set<string>(closed.filter(({ wasSilent }) => wasSilent).map(({ sessionId }) => sessionId));
      const sessions = await database.query<SessionRow>(CLOSE_SESSIONS, [
        gatewayId,
        closed.map(({ sessionId }) => sessionId),
        closed.map(({ userId }) => userId),
      ]);
      background.run(
        settleSoon(sessions.map((session) => ({ ...session, isDoubtful: silent.has(session.id) }))).catch((error: unknown) =>
          logger.warn({ err: error }, 'closed sessions could not be settled; the sweep will'),
        ),
      );
    },
    renewLease: async (gatewayId) => {
      const [lease] = await database.query<LeaseRow>(RENEW_LEASE, [gatewayId, gatewayLeaseSeconds]);
      if (lease === undefined) throw new Error('a lease was not answered');
      return { ...lease, placesAreScreened: screensPlaces };
    },
    disconnect: async (userId, keyName) => {
      const [closing] = await database.query<{ sessions: number }>(DISCONNECT_USER, [userId, keyName]);
      // Also where none is registered: one may be on its way.
      await notify({ type: 'disconnect_user', userId });
      return closing?.sessions ?? 0;
    },
    closeLapsed: async (stopping) => {
      const [clock] = await database.query<{ now: number }>(FORGET_GATEWAYS, []);
      if (clock !== undefined && renewals.couldRenew(clock.now)) await inSteps(database, CLOSE_LAPSED, STEP, [], stopping);
    },
    settle: settleLeftBehind,
    forget: (stopping) => inSteps(database, FORGET_SESSIONS, STEP, [], stopping),
  };
};
