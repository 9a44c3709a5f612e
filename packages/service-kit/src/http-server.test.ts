import { Agent, get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { startHttpServer } from './http-server.ts';

/** Asks again and again over one kept connection until it is refused; answers with how often it was answered. */
const askForEver = async (url: string, agent: Agent, asked: () => void): Promise<number> => {
  for (let answers = 0; ; answers += 1) {
    asked();
    const wasAnswered = await new Promise<boolean>((resolve) => {
      get(url, { agent }, (response) => response.resume().on('end', () => resolve(true))).on('error', () => resolve(false));
    });
    if (!wasAnswered) return answers;
  }
};

it('stops while a kept connection is busy, and what is under way is answered', async () => {
  let arrived = 0;
  const server = await startHttpServer(
    (_request, response) => {
      arrived += 1;
      setImmediate(() => response.end('done'));
    },
    { port: 0, host: '127.0.0.1' },
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let enough: () => void;
  const warm = new Promise<void>((resolve) => {
    enough = resolve;
  });
  const answers = askForEver(server.url, agent, () => {
    if (arrived >= 20) enough();
  });
  await warm;
  await server[Symbol.asyncDispose]();
  expect(await answers).toBe(arrived);
  agent.destroy();
});

/** Resolves when the socket is closed, be it by a reset: `once` of node:events would reject for that. */
const closed = (socket: Socket): Promise<unknown> =>
  new Promise((resolve) => void socket.on('error', () => undefined).once('close', resolve));

it.each([
  ['nothing', ''],
  ['half of a head', 'GET / HTTP/1.1\r\nHost: a\r\n'],
])('who says %s and then nothing is closed', { timeout: 20_000 }, async (_name, words) => {
  await using server = await startHttpServer((_request, response) => void response.end(), { port: 0, host: '127.0.0.1' });
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1').resume();
  socket.write(words);
  await closed(socket);
});

it('who dribbles a head, byte after byte, is closed', { timeout: 20_000 }, async () => {
  await using server = await startHttpServer((_request, response) => void response.end(), { port: 0, host: '127.0.0.1' });
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1').resume();
  socket.write('GET / HTTP/1.1\r\nX: ');
  const dribble = setInterval(() => socket.write('x'), 50);
  await closed(socket);
  clearInterval(dribble);
});
