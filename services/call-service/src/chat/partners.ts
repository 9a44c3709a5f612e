import { type ChatEvent, type UserId, uuidv7 } from '@trunkline/contract';
import type { Database } from '../database/database.ts';

/** How many chats are looked into, the most recently written in: presence is a hint, and a hint has its price. */
const MAX_CHATS = 200;

/**
 * `$1` users who came or went, `$2` the sessions that just opened. Who still has, or had, another session did neither; of
 * sessions that open at once, in requests of their own, the one that opened first is the first, and the others are no news.
 */
export const READ_PARTNERS = {
  name: 'read_chat_partners',
  text: `WITH changed AS MATERIALIZED (
      SELECT u.user_id FROM unnest($1::text[]) AS u (user_id)
      WHERE NOT EXISTS (
        SELECT FROM sessions s WHERE s.user_id = u.user_id AND s.closed_at IS NULL AND s.id <> ALL ($2::text[])
          AND NOT EXISTS (
            SELECT FROM sessions mine WHERE mine.user_id = u.user_id AND mine.id = ANY ($2::text[])
              AND (mine.opened_at, mine.id) < (s.opened_at, s.id)
          )
      )
    )
    SELECT changed.user_id AS "userId", array_agg(DISTINCT partner.user_id) AS partners,
      round(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now
    FROM changed CROSS JOIN LATERAL (
      SELECT m.chat_id FROM chat_members m WHERE m.user_id = changed.user_id AND m.left_at IS NULL
      ORDER BY m.active_at DESC, m.chat_id DESC LIMIT ${MAX_CHATS}
    ) AS mine
    JOIN chats c ON c.id = mine.chat_id AND c.status = 'active'
    JOIN chat_members partner ON partner.chat_id = c.id AND partner.user_id <> changed.user_id AND partner.left_at IS NULL
    WHERE NOT EXISTS (SELECT FROM blocks b WHERE b.owner_id = changed.user_id AND b.blocked_id = partner.user_id)
    GROUP BY changed.user_id`,
};

interface PartnersRow {
  userId: UserId;
  partners: UserId[];
  now: number;
}

/** Tells those who share an active chat with these users that they came, or are gone. */
export interface PartnerNews {
  came(users: readonly string[], sessionIds: readonly string[]): Promise<void>;
  went(users: readonly string[]): Promise<void>;
}

export const createPartnerNews = (database: Database, hint: (events: readonly ChatEvent[]) => void): PartnerNews => {
  const tell = async (
    type: 'partner_online' | 'partner_offline',
    users: readonly string[],
    sessionIds: readonly string[],
  ): Promise<void> => {
    if (users.length === 0) return;
    const rows = await database.query<PartnersRow>(READ_PARTNERS, [[...new Set(users)], sessionIds]);
    hint(rows.map(({ userId, partners, now }): ChatEvent => ({ id: uuidv7(), type, at: now, recipients: partners, userId })));
  };
  return {
    came: (users, sessionIds) => tell('partner_online', users, sessionIds),
    went: (users) => tell('partner_offline', users, []),
  };
};
