import { z } from 'zod';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

export interface JsonSchemaOptions {
  /** Objects have no other fields than these: for tests. Published documents leave that open, since fields may come. */
  closed?: boolean;
}

/** Turns the zod schemas of one document into JSON Schema, and gathers what they share. */
export interface JsonSchemas {
  /** `input`: what a client may send; `output`: what it is sent. */
  of(schema: z.ZodType, io: 'input' | 'output'): JsonSchema;
  /** Under `#/components/schemas`: everything that has an id (`.meta({ id })`). */
  readonly components: Readonly<Record<string, JsonSchema>>;
}

const DEFINITIONS = '#/$defs/';

/** zod numbers what refers to itself; the one such thing of ours is JSON itself. */
const nameOf = (definition: string): string => (definition.startsWith('__schema') ? 'Json' : definition);

const withoutDefinitions = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutDefinitions);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== '$defs' && key !== '$schema');
  return Object.fromEntries(
    entries.map(([key, item]) =>
      key === '$ref' && typeof item === 'string'
        ? [key, `#/components/schemas/${nameOf(item.slice(DEFINITIONS.length))}`]
        : [key, withoutDefinitions(item)],
    ),
  );
};

export const createJsonSchemas = ({ closed = false }: JsonSchemaOptions = {}): JsonSchemas => {
  const components: Record<string, JsonSchema> = {};
  const add = (name: string, schema: JsonSchema): void => {
    const known = components[name];
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(schema)) throw new Error(`two schemas are called ${name}`);
    components[name] = schema;
  };
  return {
    components,
    of: (schema, io) => {
      const made = z.toJSONSchema(schema, {
        io,
        unrepresentable: 'any',
        override: ({ jsonSchema, zodSchema }) => {
          // A named format says more to a reader than the expression that checks it.
          if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
          const isObject = zodSchema._zod.def.type === 'object';
          if (isObject && io === 'output' && !closed) delete jsonSchema.additionalProperties;
        },
      });
      for (const [definition, shared] of Object.entries(made.$defs ?? {}))
        add(nameOf(definition), withoutDefinitions(shared) as JsonSchema);
      return withoutDefinitions(made) as JsonSchema;
    },
  };
};
