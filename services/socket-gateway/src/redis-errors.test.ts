import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { connectRedis } from '@trunkline/bus';
import { createLogger } from '@trunkline/service-kit';
import { expect, it } from 'vitest';

const REFUSED = '-ERR refused\r\n';
/** What is not refused: a greeting after the first one, and the question whether the server is ready. */
const ANSWERS = { hello: '%1\r\n+server\r\n+redis\r\n', info: '$22\r\nredis_version:7.0.15\r\n\r\n' };

/** Answers like a Redis that knows no password at first, and then takes no events. */
const startRefusingRedis = async () => {
  let greetings = 0;
  const answerTo = (command: string): string => {
    if (/\r\ninfo\r\n/i.test(command)) return ANSWERS.info;
    if (!/\r\nhello\r\n/i.test(command)) return REFUSED;
    greetings += 1;
    return greetings === 1 ? REFUSED : ANSWERS.hello;
  };
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      for (const command of String(bytes).split(/(?=^\*\d+\r\n)/m)) socket.write(answerTo(command));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
};

it('what Redis refuses is logged without the password, and without what was sent', async () => {
  const server = await startRefusingRedis();
  const { port } = server.address() as AddressInfo;
  const lines: string[] = [];
  const log = createLogger('test', 'trace', { write: (line) => void lines.push(line) });
  const redis = connectRedis(`redis://:canary-password@127.0.0.1:${port}`, 'subscribe', (error) => log.warn({ err: error }, 'Redis'));
  await new Promise((resolve) => redis.once('ready', resolve));
  await redis.spublish('channel', 'canary-event').catch((error: unknown) => {
    log.warn({ err: new Error('not published', { cause: error }) }, 'Redis');
    log.warn({ err: error }, 'Redis');
    log.warn(error as Error);
  });
  redis.disconnect();
  server.close();
  const errors = lines.map((line) => JSON.parse(line).err);
  expect(errors).toHaveLength(4);
  for (const { type, message, stack } of errors.filter((error) => error.cause === undefined)) {
    expect({ type, message }).toEqual({ type: 'SimpleError', message: 'ERR refused' });
    expect(stack).toContain('ERR refused');
  }
  expect(errors[1]).toMatchObject({ message: 'not published', cause: { message: 'ERR refused' } });
  expect(lines.join('')).not.toContain('canary');
});
