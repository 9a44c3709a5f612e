import { z } from 'zod';

type Check = (value: unknown) => boolean;

const checkFields = (shape: Readonly<Record<string, z.core.$ZodType>>): Check => {
  const fields = Object.entries(shape).map(([name, schema]) => ({ name, fits: checkOf(schema) }));
  return (value) => {
    if (typeof value !== 'object' || value === null) return false;
    const object = value as Readonly<Record<string, unknown>>;
    for (const { name, fits } of fields) if (!fits(object[name])) return false;
    return true;
  };
};

const checkItems = (schema: z.core.$ZodType): Check => {
  const fits = checkOf(schema);
  return (value) => Array.isArray(value) && value.every((item) => fits(item));
};

const checkOrElse = (schema: z.core.$ZodType, otherwise: null | undefined): Check => {
  const fits = checkOf(schema);
  return (value) => value === otherwise || fits(value);
};

const checkOf = (schema: z.core.$ZodType): Check => {
  if (schema instanceof z.ZodString) return (value) => typeof value === 'string';
  if (schema instanceof z.ZodNumber) return (value) => typeof value === 'number';
  if (schema instanceof z.ZodEnum) {
    const options = new Set<unknown>(schema.options);
    return (value) => options.has(value);
  }
  if (schema instanceof z.ZodNullable) return checkOrElse(schema.unwrap(), null);
  if (schema instanceof z.ZodOptional) return checkOrElse(schema.unwrap(), undefined);
  if (schema instanceof z.ZodArray) return checkItems(schema.element);
  if (schema instanceof z.ZodObject) return checkFields(schema.shape);
  return (value) => z.safeParse(schema, value).success;
};

/**
 * Whether what our own services wrote has the shape of a schema: all fields, their types and the words of enums are looked at, what is within a
 * text or a number is believed. Several times cheaper than the schema, which MUST NOT change what it reads.
 */
export const hasShapeOf = <Schema extends z.ZodType>(schema: Schema): ((value: unknown) => value is z.output<Schema>) =>
  checkOf(schema) as (value: unknown) => value is z.output<Schema>;
