import { MAX_DEPTH, nestsDeeperThan } from './nesting.ts';

/** The value of a JSON text; `undefined`, which no JSON is, where it is malformed or too deep. */
export const parseBounded = (text: string): unknown => {
  if (nestsDeeperThan(MAX_DEPTH, text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
