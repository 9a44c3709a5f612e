import type { Forgotten } from './erase-rows.ts';

const PUSHES_TOGETHER = 2000;
const FIRST_UUID = '00000000-0000-0000-0000-000000000000';
const LAST_UUID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** `$1` who, `$2` the pseudonym, `$3` calls. Rows are locked in the order in which notifiers claim them. */
export const FORGET_CALLER = {
  name: 'forget_caller_in_pushes',
  text: `WITH named AS MATERIALIZED (
      SELECT id FROM pushes WHERE call_id = ANY ($3::text[]) AND content->>'callerId' = $1 ORDER BY id FOR UPDATE
    ), done AS (
      UPDATE pushes p SET content = p.content || jsonb_build_object('callerId', $2::text, 'callerName', NULL)
        || CASE WHEN p.type = 'incoming_call' THEN jsonb_build_object('callerAvatar', NULL, 'channelId', p.call_id) ELSE '{}' END
      FROM named WHERE p.id = named.id RETURNING 1
    )
    SELECT count(*)::integer AS count FROM done`,
};
/** `$1`: who. Everybody who was ever in a chat with them. */
export const READ_CHAT_PARTNERS = {
  name: 'forget_read_chat_partners',
  text: `SELECT DISTINCT other.user_id AS "userId" FROM chat_members own
    JOIN chat_members other ON other.chat_id = own.chat_id AND other.user_id <> own.user_id WHERE own.user_id = $1`,
};
/** `$1` who, `$2` the pseudonym, `$3` whose pushes, `$4` behind which notification. `last`: up to where it came; null: to the end. */
export const FORGET_SENDER = {
  name: 'forget_sender_in_pushes',
  text: `WITH page AS MATERIALIZED (
      SELECT (SELECT notification_id FROM pushes WHERE user_id = $3 AND notification_id > $4::uuid
        ORDER BY notification_id OFFSET ${PUSHES_TOGETHER - 1} LIMIT 1) AS last
    ), named AS MATERIALIZED (
      SELECT id FROM pushes WHERE user_id = $3 AND notification_id > $4::uuid
        AND notification_id <= (SELECT coalesce(last, '${LAST_UUID}') FROM page)
        AND type = 'chat_message' AND content->>'senderId' = $1 ORDER BY id FOR UPDATE
    ), done AS (
      UPDATE pushes p SET content = p.content || jsonb_build_object('senderId', $2::text, 'senderName', NULL, 'text', NULL)
      FROM named WHERE p.id = named.id RETURNING 1
    )
    SELECT (SELECT last FROM page) AS last, (SELECT count(*) FROM done)::integer AS count`,
};

/** In the pushes of those whom the person called, of these calls. Answers with how many they were. */
export const forgetCaller = async ({ database, userId, pseudonym }: Forgotten, callIds: readonly string[]): Promise<number> => {
  const [row] = await database.query<{ count: number }>(FORGET_CALLER, [userId, pseudonym, callIds]);
  return row?.count ?? 0;
};

const forgetSenderFor = async ({ database, userId, pseudonym }: Forgotten, reader: string): Promise<number> => {
  let count = 0;
  for (let after: string | null = FIRST_UUID; after !== null; ) {
    const [row]: { last: string | null; count: number }[] = await database.query(FORGET_SENDER, [userId, pseudonym, reader, after]);
    count += row?.count ?? 0;
    after = row?.last ?? null;
  }
  return count;
};

/** In the pushes of those with whom the person shared a chat, whom only their memberships tell. Answers with how many they were. */
export const forgetSender = async (forgotten: Forgotten): Promise<number> => {
  const { database, userId } = forgotten;
  const partners = await database.query<{ userId: string }>(READ_CHAT_PARTNERS, [userId]);
  let count = 0;
  for (const partner of partners) count += await forgetSenderFor(forgotten, partner.userId);
  return count;
};
