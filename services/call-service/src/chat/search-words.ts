/** Scripts that are written without blanks between words. */
const UNSPACED = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}]/u;
const RUN = /[\p{L}\p{N}\p{M}]+/gu;
const ACCENTS = /[\u0300-\u036f]/g;
const MAX_WORD = 64;
/** What a tsvector can hold. */
const MAX_POSITION = 16_383;

/** Full and half width, upper and lower case, with accents or without: one spelling. Kana keep their marks. */
const plain = (text: string): string => text.normalize('NFKD').toLowerCase().replace(ACCENTS, '').normalize('NFC').replaceAll('đ', 'd');

interface Segment {
  isSpaced: boolean;
  characters: string[];
}

const cut = (characters: readonly string[]): Segment[] => {
  const segments: Segment[] = [];
  for (const character of characters) {
    const isSpaced = !UNSPACED.test(character);
    const last = segments.at(-1);
    if (last?.isSpaced === isSpaced) last.characters.push(character);
    else segments.push({ isSpaced, characters: [character] });
  }
  return segments;
};

/** Runs of letters and digits, cut where a script with blanks meets one without. */
const segmentsOf = (text: string): Segment[] => {
  const segments: Segment[] = [];
  for (const [run] of plain(text).matchAll(RUN)) {
    segments.push(...cut([...run]));
  }
  return segments;
};

const word = ({ characters }: Segment): string => characters.slice(0, MAX_WORD).join('');

/** Each two neighbours; the last character also alone, so that a search for one character finds it too. */
const pairsOf = ({ characters }: Segment): string[] => characters.map((character, index) => character + (characters[index + 1] ?? ''));

/** Stands in each message's vector, so that a search takes but its own chats from the index. */
const chatWord = (chatId: string): string => `=${chatId}`;

/**
 * The words of a message as the text of a tsvector: whole words of scripts that put blanks between them, each two
 * neighbours of those that do not. Made here and not by the database, whose word rules depend on its locale.
 */
export const searchVector = (chatId: string, content: string): string | null => {
  const words: string[] = [];
  let position = 0;
  for (const segment of segmentsOf(content)) {
    for (const each of segment.isSpaced ? [word(segment)] : pairsOf(segment)) {
      position += 1;
      words.push(`'${each}':${Math.min(position, MAX_POSITION)}`);
    }
    position += 1;
  }
  return words.length === 0 ? null : [`'${chatWord(chatId)}'`, ...words].join(' ');
};

const queryOf = (segment: Segment): string => {
  if (segment.isSpaced) return `'${word(segment)}':*`;
  const pairs = pairsOf(segment);
  return pairs.length === 1
    ? `'${pairs[0]}':*`
    : `(${pairs
        .slice(0, -1)
        .map((pair) => `'${pair}'`)
        .join(' <-> ')})`;
};

/** What a person typed, as the text of a tsquery over those chats: all its words, each as a beginning. Null: nothing to look for. */
export const searchQuery = (chatIds: readonly string[], typed: string): string | null => {
  const segments = segmentsOf(typed);
  if (segments.length === 0 || chatIds.length === 0) return null;
  const chats = chatIds.map((chatId) => `'${chatWord(chatId)}'`).join(' | ');
  return `(${chats}) & ${segments.map(queryOf).join(' & ')}`;
};
