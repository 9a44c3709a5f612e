import type { Knex } from 'knex';

const UP = `
CREATE TABLE push_targets (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id text NOT NULL,
  provider text NOT NULL,
  platform text NOT NULL,
  kind text NOT NULL,
  device_id text,
  address text NOT NULL UNIQUE,
  p256dh text,
  auth text,
  locale text,
  revision integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON COLUMN push_targets.address IS 'The token, or the endpoint of the subscription: it belongs to one user';
COMMENT ON COLUMN push_targets.revision IS 'Counts its registrations: who finds it gone may only delete the one that was sent to';
CREATE INDEX push_targets_of_user ON push_targets (user_id, updated_at);

CREATE TABLE push_preferences (
  user_id text PRIMARY KEY,
  preferences jsonb NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE bulks (
  id uuid PRIMARY KEY,
  dedupe_key text UNIQUE,
  body_hash text NOT NULL,
  content jsonb NOT NULL,
  user_ids text[],
  send_at timestamptz NOT NULL,
  taken integer NOT NULL DEFAULT 0,
  last_user_id text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expanded_at timestamptz
);
COMMENT ON TABLE bulks IS 'What the app''s backend sends to many: pushes are made of it in chunks of users';
COMMENT ON COLUMN bulks.user_ids IS 'In order, each once; null: everybody who has a target';
COMMENT ON COLUMN bulks.taken IS 'How many users have had their pushes made; last_user_id is the last of them';
CREATE INDEX bulks_due ON bulks (send_at) WHERE expanded_at IS NULL;
CREATE INDEX bulks_by_age ON bulks (created_at);

CREATE TABLE pushes (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  notification_id uuid NOT NULL,
  user_id text NOT NULL,
  target_id uuid NOT NULL,
  target_revision integer,
  type text NOT NULL,
  call_id text,
  bulk_id uuid,
  content jsonb NOT NULL,
  collapse_key text,
  send_unless text,
  expires_at timestamptz NOT NULL,
  status text NOT NULL DEFAULT 'queued',
  attempt integer NOT NULL DEFAULT 1,
  failures integer NOT NULL DEFAULT 0,
  due_at timestamptz,
  claimed_attempt integer,
  claimed_until timestamptz,
  provider_id text,
  error text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  done_at timestamptz
) WITH (fillfactor = 70);
COMMENT ON TABLE pushes IS 'One row for each sending of a notification to a target; it is done when its result is recorded';
COMMENT ON COLUMN pushes.notification_id IS 'The same for all targets of one user';
COMMENT ON COLUMN pushes.due_at IS 'When it is enqueued again unless it is done by then; null once it is done';
COMMENT ON COLUMN pushes.claimed_until IS 'A notifier has it in hand: nobody else gets it, and a stop waits for its ring';
CREATE INDEX pushes_due ON pushes (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX pushes_of_call ON pushes (call_id) WHERE call_id IS NOT NULL;
CREATE INDEX pushes_of_user ON pushes (user_id, notification_id DESC);
CREATE UNIQUE INDEX pushes_of_bulk ON pushes (bulk_id, target_id) WHERE bulk_id IS NOT NULL;
CREATE INDEX pushes_done ON pushes (done_at) WHERE done_at IS NOT NULL;
`;

const DOWN = 'DROP TABLE pushes, bulks, push_preferences, push_targets';

export const pushMigration: Knex.Migration = {
  up: (knex) => knex.schema.raw(UP),
  down: (knex) => knex.schema.raw(DOWN),
};
