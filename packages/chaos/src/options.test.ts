import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { parseRequest, UsageError } from './options.ts';
import { REPOSITORY } from './system/service-process.ts';

it('a flag that there is not, or that lacks its value, is named', () => {
  expect(() => parseRequest(['--no-such'])).toThrow(UsageError);
  expect(() => parseRequest(['--rate'])).toThrow(/--rate/);
});

it('what services run beside is a checkout', () => {
  expect(parseRequest(['--beside', `${REPOSITORY}/docs/..`])?.options.beside).toBe(REPOSITORY);
  expect(() => parseRequest(['--beside', tmpdir()])).toThrow(new UsageError('beside: there is no checkout of Trunkline'));
});
