/** The last is sent about a day after the first. */
const MAX_ATTEMPTS = 12;

/** Milliseconds until a webhook that failed for the n-th time is sent again: a second, and then three times as long each time. Null: never. */
export const delayAfter = (failures: number): number | null => (failures >= MAX_ATTEMPTS ? null : 1000 * 3 ** (failures - 1));
