import type { Knex } from 'knex';

const MESSAGE_COLUMNS = `
  id uuid NOT NULL,
  chat_id uuid NOT NULL,
  seq integer NOT NULL,
  created_at timestamptz NOT NULL,
  sender_id text NOT NULL,
  sender_role text,
  sender_name text,
  content text NOT NULL,
  type text NOT NULL,
  attachment_url text,
  attachment_type text,
  metadata text,
  client_message_id text,
  read_by integer NOT NULL DEFAULT 0,
  read_at timestamptz,
  words tsvector`;

const UP = `
ALTER TABLE sessions ADD COLUMN hears text NOT NULL DEFAULT 'calls';
COMMENT ON COLUMN sessions.hears IS 'calls, or chats: then the user is present, and no call reaches them there';

CREATE TABLE chats (
  id uuid PRIMARY KEY,
  order_id text NOT NULL,
  user_id text NOT NULL,
  shopper_id text NOT NULL,
  status text NOT NULL DEFAULT 'active',
  last_seq integer NOT NULL DEFAULT 0,
  event_seq integer NOT NULL DEFAULT 0,
  last_message_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  UNIQUE (user_id, shopper_id, order_id)
) WITH (fillfactor = 70);
COMMENT ON TABLE chats IS 'Locking a chat''s row serialises all that happens in it: the order of messages is the order of this lock';
COMMENT ON COLUMN chats.last_seq IS 'The number of the newest message, and so how many there are: no number is left out';
COMMENT ON COLUMN chats.event_seq IS 'Counts the events of this chat, for the outbox';

CREATE TABLE chat_members (
  chat_id uuid NOT NULL,
  user_id text NOT NULL,
  role text NOT NULL,
  place smallint NOT NULL,
  unread_count integer NOT NULL DEFAULT 0,
  joined_seq integer NOT NULL DEFAULT 0,
  active_at timestamptz NOT NULL,
  left_at timestamptz,
  PRIMARY KEY (chat_id, user_id)
) WITH (fillfactor = 70);
COMMENT ON COLUMN chat_members.place IS 'Which bit of messages.read_by is this member''s';
COMMENT ON COLUMN chat_members.joined_seq IS 'Messages up to this one do not count as unread: they were there before';
CREATE INDEX chat_members_of_user ON chat_members (user_id, active_at DESC, chat_id DESC);

CREATE TABLE messages (${MESSAGE_COLUMNS}, PRIMARY KEY (chat_id, seq, created_at)) PARTITION BY RANGE (created_at);
COMMENT ON COLUMN messages.id IS 'A UUIDv7 that holds created_at and seq, so that no index on it is needed';
COMMENT ON COLUMN messages.metadata IS 'JSON as text, which may hold characters that jsonb refuses';
COMMENT ON COLUMN messages.read_by IS 'A bit for each member that has read it, by chat_members.place';
CREATE INDEX messages_words ON messages USING gin (words);
CREATE INDEX messages_by_age ON messages USING brin (created_at) WITH (autosummarize = on);
CREATE TABLE messages_default PARTITION OF messages DEFAULT;

CREATE TABLE messages_archive (${MESSAGE_COLUMNS}, PRIMARY KEY (chat_id, seq));
COMMENT ON TABLE messages_archive IS 'Messages older than MESSAGE_ARCHIVE_DAYS; history and search look here too';
CREATE INDEX messages_archive_words ON messages_archive USING gin (words);

CREATE FUNCTION make_message_partitions(months_ahead integer) RETURNS void LANGUAGE plpgsql AS $body$
DECLARE
  month timestamptz := date_trunc('month', clock_timestamp(), 'UTC');
  following timestamptz;
  partition text;
BEGIN
  FOR ahead IN 0..months_ahead LOOP
    following := date_trunc('month', month + interval '40 days', 'UTC');
    partition := 'messages_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
    IF to_regclass(partition) IS NULL THEN
      EXECUTE format('CREATE TABLE %I (LIKE messages INCLUDING ALL)', partition);
      EXECUTE format('WITH moved AS (DELETE FROM messages_default WHERE created_at >= %L AND created_at < %L RETURNING *)
        INSERT INTO %I SELECT * FROM moved', month, following, partition);
      EXECUTE format('ALTER TABLE messages ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', partition, month, following);
    END IF;
    month := following;
  END LOOP;
END $body$;
COMMENT ON FUNCTION make_message_partitions IS 'Makes the partitions of this month and the next ones; what was stored by default moves into them';
SELECT make_message_partitions(3);


CREATE FUNCTION drop_empty_message_partitions(days integer) RETURNS void LANGUAGE plpgsql AS $body$
DECLARE
  old text;
  is_empty boolean;
BEGIN
  FOR old IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'messages'::regclass AND c.relname ~ '^messages_\\d{4}_\\d{2}$'
      AND to_date(substr(c.relname, 10), 'YYYY_MM') + 32 < now() - make_interval(days => days)
  LOOP
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM %I)', old) INTO is_empty;
    IF is_empty THEN EXECUTE format('DROP TABLE %I', old); END IF;
  END LOOP;
END $body$;
COMMENT ON FUNCTION drop_empty_message_partitions IS 'Drops the partitions of months that are older than so many days once all of their messages are archived';

CREATE TABLE message_keys (
  chat_id uuid NOT NULL,
  sender_id text NOT NULL,
  key text NOT NULL,
  body_hash text NOT NULL,
  message_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (chat_id, sender_id, key)
);
COMMENT ON TABLE message_keys IS 'Under which name of its sender a message was sent: sent again, it is the same message, in whatever month';
CREATE INDEX message_keys_by_age ON message_keys (created_at);

CREATE TABLE chat_call_notes (
  call_id text PRIMARY KEY,
  chat_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE chat_call_notes IS 'Calls that ended and are still to be told of in a chat of their two people; stored with the end';
CREATE INDEX chat_call_notes_by_age ON chat_call_notes (created_at);

CREATE TABLE server_audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  action text NOT NULL,
  chat_id uuid,
  user_id text,
  detail jsonb
);
COMMENT ON TABLE server_audit IS 'What the app''s backend did with its key';
CREATE INDEX server_audit_of_user ON server_audit (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX blocks_of_blocked ON blocks (blocked_id);
COMMENT ON COLUMN outbox.call_id IS 'The stream in which events go in order: a call''s id, chat:<chat id>, or users:<event id>';
`;

const DOWN = `
DROP TABLE server_audit, chat_call_notes, message_keys, messages_archive, messages, chat_members, chats;
DROP FUNCTION make_message_partitions, drop_empty_message_partitions;
DROP INDEX blocks_of_blocked;
`;

export const chatMigration: Knex.Migration = {
  up: (knex) => knex.schema.raw(UP),
  down: (knex) => knex.schema.raw(DOWN),
};
