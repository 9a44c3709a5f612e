import { startHttpServer } from '@trunkline/service-kit';
import { expect, test } from 'vitest';
import { askServer } from './ask-server.ts';

test('a server that is still at it is not taken for one that is away', async () => {
  const neverAnswer = () => undefined;
  await using server = await startHttpServer(neverAnswer, { port: 0, host: '127.0.0.1' });
  const asked = askServer({ env: {}, url: server.url, path: '/', patienceMs: 200 });
  await expect(asked).rejects.toThrow(`${server.url} has not answered within 0.2 s; it may still be at it`);
});
