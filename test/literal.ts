import { expect } from 'vitest';

type Shape = null | string | Shape[];

/** The keys of a value in their order, at every depth. A matcher of the test runner stands for any leaf. */
const shapeOf = (value: unknown): Shape => {
  if (typeof value !== 'object' || value === null || 'asymmetricMatch' in value) return null;
  if (Array.isArray(value)) return value.map(shapeOf);
  return Object.entries(value).map(([key, member]) => [key, shapeOf(member)]);
};

/** Expects exactly these keys, in this order, with these values. */
export const expectLiteral = (actual: unknown, expected: unknown): void => {
  expect(actual).toEqual(expected);
  expect(shapeOf(actual)).toEqual(shapeOf(expected));
};

/** How long a call lasted that was ended as soon as it was accepted, in seconds. */
export const aMoment = expect.toSatisfy((seconds: number) => Number.isInteger(seconds) && seconds >= 0 && seconds < 30);

/** An ISO 8601 time in UTC. */
export const anIsoTime = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3})?Z$/);
