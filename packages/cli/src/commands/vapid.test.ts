import { createECDH } from 'node:crypto';
import { expect, test } from 'vitest';
import { runCli } from '../cli.ts';

const run = async () => {
  const lines: string[] = [];
  const exitCode = await runCli(['vapid'], { env: {}, print: (line) => lines.push(line), printError: (line) => lines.push(line) });
  return { exitCode, lines };
};

test('prints two keys that belong together, others each time', async () => {
  const { exitCode, lines } = await run();
  expect(exitCode).toBe(0);
  const [publicKey, privateKey] = lines.map((line) => line.split('=')[1] ?? '');
  expect(lines).toEqual([`VAPID_PUBLIC_KEY=${publicKey}`, `VAPID_PRIVATE_KEY=${privateKey}`]);
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(privateKey as string, 'base64url');
  expect(ecdh.getPublicKey('base64url')).toBe(publicKey);
  expect((await run()).lines).not.toEqual(lines);
});
