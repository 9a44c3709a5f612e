import { MAX_REASON_LENGTH, type RejectReason } from './call.ts';

/** What PostgreSQL can store of a text: no NUL, no half of a character, at most `max` UTF-16 units. */
export const storablePart = (text: string, max: number): string =>
  text
    .replaceAll('\0', '')
    .slice(0, max)
    .replace(/\p{Surrogate}/gu, '');

/** The words of all dialects for a reject, in lower case. */
const REJECT_WORDS: ReadonlyMap<string, RejectReason> = new Map([
  ['busy', 'busy'],
  ['user busy', 'busy'],
  ['declined', 'declined'],
  ['user declined', 'declined'],
  ['manual_reject', 'declined'],
  ['unavailable', 'unavailable'],
  ['user unavailable', 'unavailable'],
  ['no_response', 'unavailable'],
  ['offline', 'unavailable'],
  ['user offline', 'offline'],
]);

/** The words of all dialects for a cancel, in lower case: they say no more than the cancel itself. */
const CANCEL_WORDS: ReadonlySet<string> = new Set(['cancelled', 'caller cancelled']);

const wordOf = (text: string): string => text.trim().toLowerCase();

/** The text that somebody gave, as far as it can be stored; nothing where it says nothing. */
export const reasonTextOf = (text: string | undefined): { reasonText?: string } => {
  const reasonText = storablePart(text ?? '', MAX_REASON_LENGTH);
  return reasonText.trim() === '' ? {} : { reasonText };
};

/** The text of a cancel, where it says something of its own. */
export const cancelTextOf = (text: string | undefined): { reasonText?: string } =>
  CANCEL_WORDS.has(wordOf(text ?? '')) ? {} : reasonTextOf(text);

/** A known word of any dialect becomes its reason; any other text is kept with `declined`. */
export const rejectReasonOf = (text: string | undefined): { reason: RejectReason; reasonText?: string } => {
  const reason = REJECT_WORDS.get(wordOf(text ?? ''));
  return reason === undefined ? { reason: 'declined', ...reasonTextOf(text) } : { reason };
};
