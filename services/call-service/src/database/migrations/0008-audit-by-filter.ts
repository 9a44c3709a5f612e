import type { Knex } from 'knex';

/** Newest first is by `-id`, which the primary key cannot give: no plan walks all rows for the few that are asked for. */
const UP = `
CREATE INDEX server_audit_of_key ON server_audit (key_name, (-id));
CREATE INDEX server_audit_of_action ON server_audit (action, (-id));
CREATE INDEX server_audit_of_key_and_action ON server_audit (key_name, action, (-id));
CREATE INDEX server_audit_of_user_newest ON server_audit (user_id, (-id)) WHERE user_id IS NOT NULL;
CREATE INDEX server_audit_of_chat ON server_audit (chat_id, (-id)) WHERE chat_id IS NOT NULL;
`;

const DOWN = `
DROP INDEX server_audit_of_chat, server_audit_of_user_newest, server_audit_of_key_and_action, server_audit_of_action, server_audit_of_key;
`;

export const auditByFilterMigration: Knex.Migration = {
  up: (knex) => knex.schema.raw(UP),
  down: (knex) => knex.schema.raw(DOWN),
};
