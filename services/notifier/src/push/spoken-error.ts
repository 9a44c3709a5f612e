import { storablePart } from '@trunkline/contract';

const LONGEST = 200;

/** An error's words for the history, which can store them, without these secrets, should it quote them. */
export const spokenError = (error: unknown, secrets: readonly string[]): string => {
  const words = error instanceof Error ? error.message : String(error);
  const safe = secrets.reduce((text, secret) => (secret === '' ? text : text.replaceAll(secret, '…')), words);
  return storablePart(safe.replace(/\s+/g, ' '), LONGEST);
};
