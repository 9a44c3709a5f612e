/** A line of what the app's backend did with one of its keys. */
export interface AuditRow {
  keyName: string;
  action: string;
  callId?: string | null;
  chatId?: string | null;
  userId?: string | null;
  detail: Readonly<Record<string, string | number>> | null;
}

/** `$1`: a JSON array of rows. */
export const INSERT_AUDIT = {
  name: 'insert_server_audit',
  text: `INSERT INTO server_audit (action, key_name, call_id, chat_id, user_id, detail)
    SELECT r.action, r."keyName", r."callId", r."chatId", r."userId", nullif(r.detail, 'null') FROM jsonb_to_recordset($1::jsonb)
    AS r (action text, "keyName" text, "callId" text, "chatId" uuid, "userId" text, detail jsonb)`,
};
