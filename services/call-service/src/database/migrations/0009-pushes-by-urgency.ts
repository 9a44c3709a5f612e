import type { Knex } from 'knex';

/** What is due of calls, and what of messages, is found past however much is due to many. Both may have been built beforehand, see docs/operations.md. */
const UP = `
CREATE INDEX IF NOT EXISTS pushes_of_calls_due ON pushes (due_at) WHERE due_at IS NOT NULL AND call_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS pushes_of_people_due ON pushes (due_at) WHERE due_at IS NOT NULL AND call_id IS NULL AND bulk_id IS NULL;
`;

const DOWN = 'DROP INDEX pushes_of_people_due, pushes_of_calls_due';

export const pushesByUrgencyMigration: Knex.Migration = {
  up: (knex) => knex.schema.raw(UP),
  down: (knex) => knex.schema.raw(DOWN),
};
