import { CallId, WebhookType } from '@trunkline/contract';
import { z } from 'zod';
import { ownIdOf } from '../calls/call-reader.ts';
import type { Database, Transaction } from '../database/database.ts';
import { type AuditRow, INSERT_AUDIT } from '../server-api/audit.ts';
import { Moment } from '../server-api/list-query.ts';
import { FIRST_CLAIM } from './webhook-store.ts';

const STEP = 500;

/** Which webhooks are to be sent again. */
export const ReplayBody = z.strictObject({
  since: Moment,
  types: z.array(WebhookType).min(1).nullish(),
  callId: CallId.nullish(),
});
export type ReplayBody = z.output<typeof ReplayBody>;

/** `$1`, `$2` time and number behind which this step begins, `$3` types, `$4` stream; null: all. */
export const CHOOSE = {
  name: 'choose_webhooks_to_replay',
  text: `SELECT seq::text, stream, created_at::text AS "createdAt" FROM webhooks
    WHERE (created_at, seq) > ($1::timestamptz, $2::bigint) AND ($3::text[] IS NULL OR type = ANY ($3)) AND ($4::text IS NULL OR stream = $4)
    ORDER BY created_at, seq LIMIT ${STEP}`,
};
/** Takes the streams from whoever is sending: what becomes of that is from before the replay. */
const WAKE_STREAMS = {
  name: 'wake_webhook_streams',
  text: `INSERT INTO webhook_streams (stream, claim) SELECT stream, ${FIRST_CLAIM} FROM unnest($1::text[]) AS given (stream) GROUP BY stream ORDER BY stream
    ON CONFLICT (stream) DO UPDATE SET due_at = clock_timestamp(), claimed_until = NULL, claim = webhook_streams.claim + 1`,
};
const SEND_AGAIN = {
  name: 'send_webhooks_again',
  text: `UPDATE webhooks SET status = 'waiting', attempts = 0, error = NULL, done_at = NULL WHERE seq = ANY ($1::bigint[]) RETURNING 1`,
};

interface Chosen {
  seq: string;
  stream: string;
  createdAt: string;
}

const replayStep = async (transaction: Transaction, chosen: readonly Chosen[]): Promise<number> => {
  transaction.send(WAKE_STREAMS, [chosen.map(({ stream }) => stream)]);
  return (await transaction.query(SEND_AGAIN, [chosen.map(({ seq }) => seq)])).length;
};

/** Has webhooks sent again under their first ids, step by step, each in a short transaction. Answers with how many they are. */
export const replayWebhooks = async (database: Database, { since, types, callId: asked }: ReplayBody, keyName: string): Promise<number> => {
  const callId = asked == null ? null : await ownIdOf(database, asked);
  const stream = callId === null ? null : `call:${callId}`;
  let replayed = 0;
  for (let behind: Pick<Chosen, 'createdAt' | 'seq'> = { createdAt: since, seq: '0' }; ; ) {
    const chosen = await database.query<Chosen>(CHOOSE, [behind.createdAt, behind.seq, types ?? null, stream]);
    if (chosen.length > 0) replayed += await database.transaction((transaction) => replayStep(transaction, chosen));
    const last = chosen.at(-1);
    if (chosen.length < STEP || last === undefined) break;
    behind = last;
  }
  const detail = { since, replayed, ...(types == null ? {} : { types: types.join() }) };
  const audit: AuditRow = { keyName, action: 'replay_webhooks', callId, detail };
  await database.query(INSERT_AUDIT, [JSON.stringify([audit])]);
  return replayed;
};
