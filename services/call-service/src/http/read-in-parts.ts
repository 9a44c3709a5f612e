import { MAX_BATCH, type Refusal, refusal } from '@trunkline/contract';
import { z } from 'zod';
import { problemIn } from './problem.ts';

/** Stands in a list for an entry that cannot be read, as one in words that only a newer process knows. */
export class Unreadable {
  /** Of any command. */
  readonly reply: { ok: false; error: Refusal };

  constructor(error: z.ZodError) {
    this.reply = { ok: false, error: refusal('parse_error', { message: problemIn(error) }) };
  }
}

/** Reads each entry of a list by itself, of as many as may come together. */
export const listOf = <Entry extends z.ZodType>(entry: Entry) => {
  const oneByOne = z.unknown().transform((sent): z.output<Entry> | Unreadable => {
    const read = entry.safeParse(sent);
    return read.success ? read.data : new Unreadable(read.error);
  });
  return z.array(oneByOne).max(MAX_BATCH);
};

export const withoutUnreadable = <Entry>(entries: readonly (Entry | Unreadable)[]): Entry[] =>
  entries.filter((entry): entry is Entry => !(entry instanceof Unreadable));

/** Reads a request in one pass, and only what cannot be read so by `parts`, the same with each of its lists a `listOf`. */
export const readInParts = <Parts extends z.ZodType>(
  whole: z.ZodType<z.output<Parts>>,
  parts: Parts,
  /** Told why the whole could not be read, where the parts could. */
  onUnreadable: (error: z.ZodError) => void,
) => ({
  safeParse: (sent: unknown): z.ZodSafeParseResult<z.output<Parts>> => {
    const read = whole.safeParse(sent);
    if (read.success) return read;
    const readable = parts.safeParse(sent);
    if (readable.success) onUnreadable(read.error);
    return readable;
  },
});
