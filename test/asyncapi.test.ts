import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { asyncApiDocument } from '@trunkline/docs';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { expect, it } from 'vitest';

const OFFICIAL = createRequire(import.meta.url).resolve('@asyncapi/specs/schemas/3.0.0-without-$id.json');

const validator = () => {
  const ajv = new Ajv({ strict: false, allErrors: false });
  addFormats.default(ajv);
  return ajv.compile(JSON.parse(readFileSync(OFFICIAL, 'utf8')));
};

const wire = () => JSON.parse(JSON.stringify(asyncApiDocument()));

const referencesIn = (value: unknown): string[] => {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => (key === '$ref' ? [String(item)] : referencesIn(item)));
};

const follow = (document: unknown, reference: string): unknown =>
  reference
    .replace(/^#\//, '')
    .split('/')
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);

it('the document of sockets and bus is valid AsyncAPI 3', () => {
  const isValid = validator();
  const document = wire();
  isValid(document);
  expect(isValid.errors).toBeNull();
  // The schema is one that can say no.
  document.operations.onlycare_says.action = 'listen';
  expect(isValid(document)).toBe(false);
});

it('whatever it refers to is there', () => {
  const document = wire();
  const references = referencesIn(document);
  expect(references.length).toBeGreaterThan(100);
  expect(references.filter((reference) => follow(document, reference) === undefined)).toEqual([]);
});

it('each payload is a schema that can be compiled', () => {
  const ajv = new Ajv({ strict: false });
  addFormats.default(ajv);
  ajv.addSchema(wire(), 'asyncapi.json');
  const messages = Object.keys(asyncApiDocument().components.messages);
  expect(messages.length).toBeGreaterThan(70);
  for (const name of messages) expect(ajv.getSchema(`asyncapi.json#/components/messages/${name}/payload`), name).toBeTypeOf('function');
});
