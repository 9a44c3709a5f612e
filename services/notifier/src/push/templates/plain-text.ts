/** Line breaks, tabs, other control characters, and the marks with which a text can turn its surroundings around. */
const UNSEEN = /[\p{Cc}\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]+/gu;
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** One that is seen can be made of any number of code units. */
const UNITS_PER_CHARACTER = 4;

/** Text from people, for one line of a notification: at most so many characters as they are seen, cut with an ellipsis. */
export const plainText = (text: string, characters: number): string => {
  const line = text.replace(UNSEEN, ' ').trim();
  if (line.length <= characters) return line;
  let kept = '';
  let count = 0;
  for (const { segment } of graphemes.segment(line)) {
    if (count === characters - 1 || kept.length + segment.length > characters * UNITS_PER_CHARACTER) return fits(line, kept, segment);
    kept += segment;
    count += 1;
  }
  return kept;
};

const fits = (line: string, kept: string, last: string): string => (kept + last === line ? line : `${kept.trimEnd()}…`);
