/** Line breaks, tabs, other control characters, and the marks with which a text can turn its surroundings around. */
const UNSEEN = /[\p{Cc}\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]+/gu;
/** Made when it is first needed: it takes time and megabytes, and few processes need it. */
let graphemes: Intl.Segmenter | null = null;
/** One character that is seen can be made of any number of code units. */
const UNITS_PER_CHARACTER = 4;

/** How much of its own words a notification shows, in characters as they are seen. */
export const SHOWN_CHARACTERS = { title: 100, body: 400, status: 40 } as const;

const ELLIPSIS = '…';

/** As many from the beginning as have room in so many bytes. */
const startWithin = (characters: readonly string[], bytes: number): string[] => {
  const kept: string[] = [];
  let left = bytes;
  for (const character of characters) {
    left -= Buffer.byteLength(character);
    if (left < 0) break;
    kept.push(character);
  }
  return kept;
};

/** Text from people, for one line of a notification: at most so many characters as they are seen, and bytes, cut with an ellipsis. */
export const plainText = (text: string, characters: number, bytes = Number.POSITIVE_INFINITY): string => {
  const line = text.replace(UNSEEN, ' ').trim();
  const isShort = Buffer.byteLength(line) <= bytes;
  if (line.length <= characters && isShort) return line;
  const start = line.slice(0, characters * UNITS_PER_CHARACTER);
  graphemes ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  const seen = Array.from(graphemes.segment(start), ({ segment }) => segment);
  if (start === line && seen.length <= characters && isShort) return line;
  const kept = startWithin(seen.slice(0, Math.min(characters, seen.length) - 1), bytes - Buffer.byteLength(ELLIPSIS));
  return `${kept.join('').trimEnd()}${ELLIPSIS}`;
};
