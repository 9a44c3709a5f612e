const LONGEST = 200;

/** An error's words for the history, without these secrets, should it quote them. */
export const spokenError = (error: unknown, secrets: readonly string[]): string => {
  const words = error instanceof Error ? error.message : String(error);
  const safe = secrets.reduce((text, secret) => (secret === '' ? text : text.replaceAll(secret, '…')), words);
  return safe.replace(/\s+/g, ' ').slice(0, LONGEST);
};
