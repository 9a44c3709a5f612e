import type { Knex } from 'knex';

const UP = `
CREATE TABLE lines (
  user_id text PRIMARY KEY,
  last_seen_at timestamptz
);
COMMENT ON TABLE lines IS 'One row per participant: locking it serialises the calls that a person places and receives';

CREATE TABLE calls (
  id text PRIMARY KEY,
  caller_id text NOT NULL,
  caller_name text,
  caller_avatar text,
  callee_id text NOT NULL,
  callee_alias text UNIQUE,
  call_type text NOT NULL,
  channel_id text NOT NULL,
  state text NOT NULL,
  seq integer NOT NULL,
  reason text,
  reason_text text,
  ended_by text,
  answered_by_device text,
  answered_by_session text,
  ring_timeout_seconds integer NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  ring_deadline_at timestamptz NOT NULL,
  reached_at timestamptz,
  accepted_at timestamptz,
  connected_at timestamptz,
  ended_at timestamptz,
  caller_absent_at timestamptz,
  callee_absent_at timestamptz,
  unreachable_since timestamptz,
  due_at timestamptz
) WITH (fillfactor = 70);
COMMENT ON COLUMN calls.due_at IS 'When the next of the deadlines that apply in this state passes; null once the call is over';
CREATE INDEX calls_of_caller ON calls (caller_id, (coalesce(ended_at, 'infinity')));
CREATE INDEX calls_of_callee ON calls (callee_id, (coalesce(ended_at, 'infinity')));
CREATE INDEX calls_due ON calls (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE call_trace (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  call_id text NOT NULL,
  at timestamptz NOT NULL,
  kind text NOT NULL,
  user_id text,
  device_id text,
  session_id text,
  command_id text,
  detail jsonb
);
CREATE INDEX call_trace_of_call ON call_trace (call_id, id);

CREATE TABLE outbox (
  call_id text NOT NULL,
  seq integer NOT NULL,
  recipients text[] NOT NULL,
  event text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (call_id, seq)
);
COMMENT ON TABLE outbox IS 'Events that are not known to be published; a row goes when Redis took its event';
CREATE INDEX outbox_by_age ON outbox (created_at);

CREATE TABLE answers (
  key text PRIMARY KEY,
  body_hash text NOT NULL,
  reply jsonb,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE answers IS 'First answers to commands, by the id that the client gave them (idempotency)';
CREATE INDEX answers_by_age ON answers (created_at);

CREATE TABLE gateways (
  id text PRIMARY KEY,
  lease_until timestamptz NOT NULL
);

CREATE TABLE sessions (
  id text PRIMARY KEY,
  gateway_id text NOT NULL,
  user_id text NOT NULL,
  device_id text,
  opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  closed_at timestamptz,
  is_over boolean NOT NULL DEFAULT false,
  settled_at timestamptz
);
COMMENT ON COLUMN sessions.is_over IS 'Its gateway reported the close: it never opens again, also when its opening arrives late';
COMMENT ON COLUMN sessions.settled_at IS 'The calls of its user have been told of the close';
CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_of_gateway ON sessions (gateway_id);
CREATE INDEX sessions_unsettled ON sessions (closed_at) WHERE closed_at IS NOT NULL AND settled_at IS NULL;
CREATE INDEX sessions_settled ON sessions (settled_at) WHERE settled_at IS NOT NULL;
`;

const DOWN = 'DROP TABLE sessions, gateways, answers, outbox, call_trace, calls, lines';

export const callsMigration: Knex.Migration = {
  up: (knex) => knex.schema.raw(UP),
  down: (knex) => knex.schema.raw(DOWN),
};
