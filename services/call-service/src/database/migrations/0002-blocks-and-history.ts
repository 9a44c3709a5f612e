import type { Knex } from 'knex';

const UP = `
CREATE TABLE blocks (
  owner_id text NOT NULL,
  blocked_id text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (owner_id, blocked_id)
);
ALTER TABLE calls ADD COLUMN hidden_from_callee boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN calls.hidden_from_callee IS 'The callee had blocked the caller when the call was placed';
CREATE INDEX calls_placed_by ON calls (caller_id, created_at DESC, id DESC);
CREATE INDEX calls_placed_to ON calls (callee_id, created_at DESC, id DESC) WHERE NOT hidden_from_callee;
`;

const DOWN = `
DROP INDEX calls_placed_to, calls_placed_by;
ALTER TABLE calls DROP COLUMN hidden_from_callee;
DROP TABLE blocks;
`;

export const blocksAndHistoryMigration: Knex.Migration = {
  up: (knex) => knex.schema.raw(UP),
  down: (knex) => knex.schema.raw(DOWN),
};
