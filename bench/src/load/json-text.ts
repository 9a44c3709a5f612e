/**
 * The text of a field of JSON that our servers wrote, or null where it has none: found, not parsed. Quotes within a text are escaped, so
 * that nothing inside one looks like a field; the first field of this name counts, however deep.
 */
export const textField = (json: string, name: string): string | null => {
  const mark = `"${name}":"`;
  const at = json.indexOf(mark);
  if (at === -1) return null;
  const from = at + mark.length;
  return json.slice(from, json.indexOf('"', from));
};
