import type { MessageRecord } from './chat-world.ts';

/** A message as it comes from the database. */
export type MessageRow = Omit<MessageRecord, 'metadata'> & { metadata: string | null };

export const messageFromRow = <Row extends MessageRow>(row: Row): Row & MessageRecord => ({
  ...row,
  metadata: row.metadata === null ? null : JSON.parse(row.metadata),
});
