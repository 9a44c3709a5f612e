import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { TEST_JWT_SECRET } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { startChatSystem } from './chat-room.ts';
import { ROOT } from './repository-root.ts';

it('the example for otsy goes through a chat, hears everything, and says so', async () => {
  await using system = await startChatSystem();
  const child = spawn(process.execPath, ['chat.mjs'], {
    cwd: join(ROOT, 'examples/otsy'),
    env: { TRUNKLINE_URL: system.gateways[0]?.url, TRUNKLINE_REST_URL: system.callServices[0]?.url, JWT_SECRET: TEST_JWT_SECRET },
    timeout: 25_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [said, complained, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  expect([exitCode, complained]).toEqual([0, '']);
  expect(said).toMatch(/Everything was heard\.\n$/);
});
