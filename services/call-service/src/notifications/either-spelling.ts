import { z } from 'zod';
import { inCamelCase } from '../chat/chat-bodies.ts';

const isObject = (given: unknown): given is object => typeof given === 'object' && given !== null && !Array.isArray(given);

interface Read {
  fields: Record<string, unknown>;
  /** Our name of a field → what the client calls it. */
  spelled: ReadonlyMap<PropertyKey, string>;
}

/** Of a field that came in both spellings, a value counts rather than `null`, and the later one of two. */
const read = (given: object, names: readonly string[]): Read => {
  const ours = new Map(names.map((name) => [inCamelCase(name), name]));
  const fields = new Map<string, unknown>();
  const spelled = new Map<PropertyKey, string>();
  for (const [key, value] of Object.entries(given)) {
    const name = ours.get(inCamelCase(key)) ?? key;
    if (value === null && fields.has(name)) continue;
    fields.set(name, value);
    spelled.set(name, key);
  }
  return { fields: Object.fromEntries(fields), spelled };
};

/**
 * The same schema for a body whose fields of these names come in either spelling (`device_id`, `deviceId`). What is wrong is named
 * as the client spells it. Its output MUST satisfy it again: it stays behind the reading, where documents find it.
 */
export const inEitherSpelling = <Output extends object>(schema: z.ZodType<Output>, names: readonly string[]) => {
  const reading: z.ZodType<Output> = z.transform((given: unknown, context) => {
    const { fields, spelled } = isObject(given) ? read(given, names) : { fields: given, spelled: new Map() };
    const { data, error } = schema.safeParse(fields);
    if (error === undefined) return data;
    for (const issue of error.issues) {
      const [first, ...rest] = issue.path;
      const path = first === undefined ? [] : [spelled.get(first) ?? first, ...rest];
      context.issues.push({ ...issue, path, input: given } as z.core.$ZodRawIssue);
    }
    return z.NEVER;
  });
  return reading.pipe(schema as z.ZodType<Output, Output>);
};
