import { storableText } from '@trunkline/contract';
import { z } from 'zod';

const LATEST = 8_000_000_000_000_000;

/** When and what the entry was behind which a page begins; the unit of time is the list's own. */
export type Cursor = readonly [at: number, id: string];

/** Before all in a list that begins with the newest. */
export const FROM_THE_NEWEST: Cursor = [LATEST, ''];
/** Before all in a list that begins with the oldest. */
export const FROM_THE_OLDEST: Cursor = [0, ''];

const decode = (text: string): unknown => {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return null;
  }
};

export const encodeCursor = (cursor: Cursor): string => Buffer.from(JSON.stringify(cursor)).toString('base64url');

/** A cursor as it was given with the page before, of entries whose ids have that many characters at most. */
export const cursorText = (longestId: number) => {
  const Decoded = z.tuple([z.number().min(0).max(LATEST), storableText(longestId)]);
  return z.string().transform((text, context): Cursor => {
    const { data: cursor } = Decoded.safeParse(decode(text));
    if (cursor === undefined) context.addIssue({ code: 'custom', message: 'is not one that was given' });
    return cursor ?? z.NEVER;
  });
};
