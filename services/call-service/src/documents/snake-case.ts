import type { JsonSchema } from '@trunkline/service-kit';

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The same schema with the names of fields in `snake_case`, however deep. */
export const inSnakeCase = (schema: JsonSchema): JsonSchema => {
  const { properties, required, anyOf, oneOf, ...rest } = schema;
  return {
    ...rest,
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, field]) => [snake(name), inSnakeCase(field as JsonSchema)]),
          ),
        }),
    ...(required === undefined ? {} : { required: required.map(snake) }),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map((choice) => inSnakeCase(choice as JsonSchema)) }),
    ...(oneOf === undefined ? {} : { oneOf: oneOf.map((choice) => inSnakeCase(choice as JsonSchema)) }),
  };
};
