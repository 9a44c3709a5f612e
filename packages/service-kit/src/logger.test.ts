import { expect, it } from 'vitest';
import { createLogger } from './logger.ts';

const logged = (err: unknown): { err: unknown; line: string } => {
  const lines: string[] = [];
  createLogger('test', 'info', { write: (line) => void lines.push(line) }).info({ err }, 'it failed');
  const [line = ''] = lines;
  return { err: JSON.parse(line).err, line };
};

class OddError extends Error {}

it('an error is logged as its type, message, stack, code and cause, and nothing else that it carries', () => {
  const cause = Object.assign(new OddError('inner'), { command: { args: ['canary'] } });
  const error = Object.assign(new TypeError('outer', { cause }), {
    code: 'ECONNRESET',
    headers: { authorization: 'canary' },
    err: 'canary',
  });
  const { err, line } = logged(error);
  expect(err).toEqual({
    type: 'TypeError',
    message: 'outer',
    stack: error.stack,
    code: 'ECONNRESET',
    cause: { type: 'OddError', message: 'inner', stack: cause.stack },
  });
  expect(line).not.toContain('canary');
});

it('an error that causes itself is logged to a certain depth', () => {
  const error = new Error('round and round');
  error.cause = error;
  expect(logged(error).line.length).toBeLessThan(20_000);
});

it('what is thrown and no error is logged by its type alone', () => {
  expect(logged({ password: 'canary' }).err).toEqual({ type: 'object' });
  expect(logged('canary').err).toEqual({ type: 'string' });
  expect(logged(Object.assign(new Error('x'), { code: { password: 'canary' }, cause: 'canary' })).line).not.toContain('canary');
});
