import type { Dialect } from './dialect.ts';
import type { Telling } from './telling.ts';

const isSame = (one: Telling, other: Telling): boolean => {
  const [words, otherWords] = [one as Record<string, unknown>, other as Record<string, unknown>];
  return Object.keys(words).every((name) => words[name] === otherWords[name]);
};

/** The dialect, which puts into words once what several sessions in a row are told alike: a user's devices hear of an event together. */
export const saidOnce = <Frame>(dialect: Dialect<Frame>): Dialect<Frame> => {
  let last: { telling: Telling; frame: Frame } | null = null;
  const encode = (telling: Telling): Frame => {
    if (last === null || !isSame(last.telling, telling)) last = { telling, frame: dialect.encode(telling) };
    return last.frame;
  };
  return { ...dialect, encode };
};
