import type { Knex } from 'knex';

const UP = `
CREATE TABLE chat_seats (
  chat_id uuid NOT NULL,
  session_id text NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  PRIMARY KEY (chat_id, session_id)
);
COMMENT ON TABLE chat_seats IS 'The sessions that have a chat open: who has one needs no push of its messages';
CREATE INDEX chat_seats_of_session ON chat_seats (session_id);
`;

const DOWN = 'DROP TABLE chat_seats';

export const chatSeatsMigration: Knex.Migration = {
  up: (knex) => knex.schema.raw(UP),
  down: (knex) => knex.schema.raw(DOWN),
};
