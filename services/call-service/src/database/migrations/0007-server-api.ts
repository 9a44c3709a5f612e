import type { Knex } from 'knex';

const UP = `
CREATE TABLE server_keys (
  name text PRIMARY KEY,
  hash bytea NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  created_by text NOT NULL,
  last_used_at timestamptz,
  revoked_at timestamptz
);
COMMENT ON TABLE server_keys IS 'Keys of the app''s backend besides those of SERVER_API_KEYS; a name is never used again';
COMMENT ON COLUMN server_keys.hash IS 'SHA-256 of the key, which has 256 random bits';
COMMENT ON COLUMN server_keys.last_used_at IS 'Right to the minute';

ALTER TABLE server_audit ADD COLUMN key_name text, ADD COLUMN call_id text;
CREATE INDEX server_audit_of_call ON server_audit (call_id, id) WHERE call_id IS NOT NULL;

CREATE INDEX calls_hidden_from_callee ON calls (callee_id, created_at DESC, id DESC) WHERE hidden_from_callee;

ALTER TABLE sessions ADD COLUMN disconnected_at timestamptz;
COMMENT ON COLUMN sessions.disconnected_at IS 'The app''s backend wants it closed: its gateway hears so by notice, and with its next lease';
CREATE INDEX sessions_to_close ON sessions (gateway_id) WHERE disconnected_at IS NOT NULL AND closed_at IS NULL;

CREATE TABLE webhooks (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  stream text NOT NULL,
  type text NOT NULL,
  body text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  status text NOT NULL DEFAULT 'waiting',
  attempts integer NOT NULL DEFAULT 0,
  error text,
  done_at timestamptz
) WITH (fillfactor = 80);
COMMENT ON TABLE webhooks IS 'What the app''s backend is told, stored with what it tells of; kept a while for replays';
COMMENT ON COLUMN webhooks.stream IS 'Webhooks of one stream go one after another: call:<id>, chat:<id>, user:<id>';
COMMENT ON COLUMN webhooks.status IS 'waiting, delivered, or dead: given up';
COMMENT ON COLUMN webhooks.body IS 'What is sent, as it is signed';
CREATE INDEX webhooks_waiting ON webhooks (stream, seq) WHERE status = 'waiting';
CREATE INDEX webhooks_waiting_by_age ON webhooks (created_at) WHERE status = 'waiting';
CREATE INDEX webhooks_by_time ON webhooks (created_at, seq);

CREATE TABLE webhook_streams (
  stream text PRIMARY KEY,
  due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  claimed_until timestamptz,
  claim integer NOT NULL DEFAULT 0
) WITH (fillfactor = 70);
COMMENT ON TABLE webhook_streams IS 'Streams that have a webhook waiting: its row is locked by whoever adds one, and by whoever notes what became of one';
COMMENT ON COLUMN webhook_streams.due_at IS 'When the first of them is to be sent; while it is being sent, when that is taken for lost';
COMMENT ON COLUMN webhook_streams.claim IS 'Counts the sendings: only the last of them may say when the next is due';
CREATE INDEX webhook_streams_due ON webhook_streams (due_at);

CREATE TABLE online_users (
  user_id text PRIMARY KEY,
  since timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE online_users IS 'Whom webhooks have called online: kept where there are webhooks';
`;

const DOWN = `
DROP TABLE online_users, webhook_streams, webhooks, server_keys;
DROP INDEX calls_hidden_from_callee, server_audit_of_call, sessions_to_close;
ALTER TABLE server_audit DROP COLUMN key_name, DROP COLUMN call_id;
ALTER TABLE sessions DROP COLUMN disconnected_at;
`;

export const serverApiMigration: Knex.Migration = {
  up: (knex) => knex.schema.raw(UP),
  down: (knex) => knex.schema.raw(DOWN),
};
