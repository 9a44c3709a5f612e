/** How deep JSON from a client may nest. */
export const MAX_DEPTH = 32;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** The index after the string whose opening quote is at `start`; the text's length where it never closes. */
const afterString = (text: string, start: number): number => {
  let index = start + 1;
  while (index < text.length) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) return index + 1;
    index += code === BACKSLASH ? 2 : 1;
  }
  return index;
};

const stepAt = (code: number): number => {
  if (code === OPEN_BRACKET || code === OPEN_BRACE) return 1;
  return code === CLOSE_BRACKET || code === CLOSE_BRACE ? -1 : 0;
};

/**
 * Whether JSON text, from `start` on, nests deeper than `limit`. It reads the raw text, because parsed values that
 * are too deep overflow the stack of whatever walks them next.
 */
export const nestsDeeperThan = (limit: number, text: string, start = 0): boolean => {
  let depth = 0;
  let index = start;
  while (index < text.length) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      index = afterString(text, index);
      continue;
    }
    depth += stepAt(code);
    if (depth > limit) return true;
    index += 1;
  }
  return false;
};
