import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WebhookType } from '@trunkline/contract';
import { createRestClient, type ReceivedWebhook, startSystem, startWebhookReceiver, TEST_WEBHOOK_SECRET } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { ROOT } from './repository-root.ts';

const KEY = 'the-server-key-of-tests-only';
const PAGE = readFileSync(join(ROOT, 'docs/webhooks.md'), 'utf8');

type Verify = (secret: string, headers: ReceivedWebhook['headers'], rawBody: string, now?: number) => object | null;

/** The program of the page, as somebody would copy it. */
const importVerify = async (): Promise<Verify> => {
  const program = /```js verify\n([\s\S]+?)```/.exec(PAGE)?.[1];
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-webhook-docs-'));
  try {
    const file = join(folder, 'verify.mjs');
    writeFileSync(file, program ?? '');
    return (await import(pathToFileURL(file).href)).verifyWebhook;
  } finally {
    rmSync(folder, { recursive: true });
  }
};

it('the program of the page takes what is sent, and nothing that was changed, is old, or is signed by somebody else', async () => {
  await using receiver = await startWebhookReceiver();
  const settings = { SERVER_API_KEYS: KEY, WEBHOOK_URL: receiver.url, WEBHOOK_SECRET: TEST_WEBHOOK_SECRET };
  await using system = await startSystem({ gateways: 0, settings });
  const { id } = (
    await createRestClient(system.callServices[0]?.url as string, KEY).post('/v1/server/calls', { callerId: 'ann', calleeId: 'bob' })
  ).body;
  const { headers, text } = await receiver.receives('a call', ({ type }) => type === 'call.placed');
  const verify = await importVerify();
  expect(verify(TEST_WEBHOOK_SECRET, headers, text)).toMatchObject({
    id: headers['webhook-id'],
    type: 'call.placed',
    data: { call: { id } },
  });
  const other = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  expect(verify(other, headers, text)).toBeNull();
  expect(verify(TEST_WEBHOOK_SECRET, headers, text.replace('"ann"', '"eve"'))).toBeNull();
  expect(verify(TEST_WEBHOOK_SECRET, { ...headers, 'webhook-id': 'msg_other' }, text)).toBeNull();
  expect(verify(TEST_WEBHOOK_SECRET, headers, text, Date.now() + 301_000)).toBeNull();
  const { 'webhook-signature': _, ...unsigned } = headers;
  expect(verify(TEST_WEBHOOK_SECRET, unsigned, text)).toBeNull();
});

it('every type has its place on the page, and the page knows no other', () => {
  const table = PAGE.slice(PAGE.indexOf('| `type` |'), PAGE.indexOf('`hiddenFromCallee` calls'));
  const named = table.match(/`(?:call|message|notification|user)\.[a-z]+`/g)?.map((name) => name.slice(1, -1));
  expect([...new Set(named)].sort()).toEqual([...WebhookType.options].sort());
});
