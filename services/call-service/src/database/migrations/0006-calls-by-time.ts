import type { Knex } from 'knex';

/** Calls are stored in the order of their time, so a summary per block is enough, and costs the hot path next to nothing. */
const UP = 'CREATE INDEX calls_by_time ON calls USING brin (created_at) WITH (autosummarize = on)';
const DOWN = 'DROP INDEX calls_by_time';

export const callsByTimeMigration: Knex.Migration = {
  up: (knex) => knex.schema.raw(UP),
  down: (knex) => knex.schema.raw(DOWN),
};
