import { afterEach, expect, it, vi } from 'vitest';
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

afterEach(() => void vi.useRealTimers());

/** What a logger wrote of so many lines that say the same. */
const repeat = (level: 'info' | 'debug', times: number) => {
  const lines: { msg: string; leftOut?: number; callId?: string }[] = [];
  const logger = createLogger('test', level, { write: (line) => void lines.push(JSON.parse(line)) });
  for (let count = 1; count <= times; count += 1) logger.child({ count }).error({ callId: `call-${count}` }, 'a request failed');
  return { lines, logger };
};

it('of one trouble a hundred lines are written in a minute, and the next one says how many were left out', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const { lines, logger } = repeat('info', 150);
  expect(lines.map(({ callId }) => callId)).toEqual(Array.from({ length: 100 }, (_, index) => `call-${index + 1}`));
  vi.advanceTimersByTime(59_999);
  logger.warn('a request failed');
  expect(lines).toHaveLength(100);
  vi.advanceTimersByTime(1);
  logger.error({ callId: 'next' }, 'a request failed');
  logger.error({ callId: 'last' }, 'a request failed');
  expect(lines.slice(100)).toMatchObject([{ msg: 'a request failed', callId: 'next', leftOut: 51 }, { callId: 'last' }]);
  expect(lines.at(-1)).not.toHaveProperty('leftOut');
});

it('what was left out is said by a line that has nothing but its text, and by one that has nothing but an error', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const { lines, logger } = repeat('info', 101);
  vi.advanceTimersByTime(60_000);
  logger.warn('a request failed');
  for (let count = 1; count <= 101; count += 1) logger.error(new Error('odd'));
  vi.advanceTimersByTime(60_000);
  logger.error(new Error('odd'));
  expect(lines.filter(({ leftOut }) => leftOut !== undefined)).toMatchObject([
    { msg: 'a request failed', leftOut: 1 },
    { msg: 'odd', leftOut: 1, err: { message: 'odd' } },
  ]);
});

it('an error of another kind is written however often one came with the same text', () => {
  const { lines, logger } = repeat('info', 0);
  const away = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  for (let count = 0; count < 101; count += 1) logger.error({ err: away }, 'a request failed');
  logger.error({ err: new TypeError('undefined is not a function') }, 'a request failed');
  logger.error({ err: Object.assign(new Error('full'), { code: '53100' }) }, 'a request failed');
  expect(lines.slice(100)).toMatchObject([{ err: { type: 'TypeError' } }, { err: { code: '53100' } }]);
});

it('other troubles, what is no trouble, and all lines of who asked for every step are written however many there are', () => {
  const { lines, logger } = repeat('info', 150);
  logger.error('another one');
  for (let count = 0; count < 150; count += 1) logger.info('a step');
  expect(lines.slice(100).map(({ msg }) => msg)).toEqual(['another one', ...Array.from({ length: 150 }, () => 'a step')]);
  expect(repeat('debug', 150).lines).toHaveLength(150);
});
