const SECONDS_OF_UNIT: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86_400],
]);

const LONGEST_SECONDS = 366 * 86_400;

/** The seconds of `90s`, `30m`, `1h` or `7d`; null for anything else, for nothing, and for more than a year. */
export const parseDurationSeconds = (text: string): number | null => {
  const [, digits, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const seconds = Number(digits) * (SECONDS_OF_UNIT.get(unit ?? '') ?? Number.NaN);
  return seconds > 0 && seconds <= LONGEST_SECONDS ? seconds : null;
};
