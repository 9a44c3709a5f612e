import { z } from 'zod';

const IsoTime = z.iso.datetime({ offset: true, error: 'must be a time as ISO 8601 writes it, with its zone' });

/** The same moment in UTC, since PostgreSQL takes no offset of 16 hours or more; null where it lies in no year from 1 to 9999. */
export const inUtc = (time: string): string | null => {
  const moment = new Date(time);
  const text = Number.isNaN(moment.getTime()) ? '' : moment.toISOString();
  return /^\d{4}-/.test(text) && !text.startsWith('0000') ? text : null;
};

/** A time as ISO 8601 writes it, with its zone; left as it was given. */
export const MomentAsGiven = IsoTime.refine((time) => inUtc(time) !== null, 'must lie in the years 1 to 9999, in UTC');

/** The same, in UTC. */
export const Moment = MomentAsGiven.transform((time) => inUtc(time) ?? z.NEVER);

/**
 * The conditions of what was asked for, each with its own numbered value in the place of `?`; and a name, the same for the
 * same conditions, since a prepared statement is known by it.
 */
export const where = <Key extends string>(
  conditions: Readonly<Record<Key, string>>,
  asked: Readonly<Partial<Record<Key, unknown>>>,
  firstValue = 1,
): { text: string; values: unknown[]; name: string } => {
  const given = (Object.keys(conditions) as Key[]).filter((key) => asked[key] !== undefined);
  const texts = given.map((key, index) => conditions[key].replaceAll('?', `$${index + firstValue}`));
  return { text: texts.join(' AND ') || 'true', values: given.map((key) => asked[key]), name: given.join('_') };
};
