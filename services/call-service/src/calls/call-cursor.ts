import { storableText } from '@trunkline/contract';
import { z } from 'zod';

const NEWEST_MS = 8_000_000_000_000_000;

/** Time and id of the call behind which a page begins. */
export type CallCursor = readonly [createdAt: number, id: string];

export const FROM_THE_NEWEST: CallCursor = [NEWEST_MS, ''];

const Decoded = z.tuple([z.number().min(0).max(NEWEST_MS), storableText(64)]);

const decode = (text: string): CallCursor | null => {
  try {
    return Decoded.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString())).data ?? null;
  } catch {
    return null;
  }
};

export const encodeCursor = (cursor: CallCursor): string => Buffer.from(JSON.stringify(cursor)).toString('base64url');

/** A cursor as it was given with the page before. */
export const CallCursorText = z.string().transform((text, context): CallCursor => {
  const cursor = decode(text);
  if (cursor === null) context.addIssue({ code: 'custom', message: 'is not one that was given' });
  return cursor ?? z.NEVER;
});
