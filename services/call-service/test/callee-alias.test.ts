import { startWebhookReceiver, TEST_WEBHOOK_SECRET, until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { serverOf, startChatService } from './chat-door.ts';
import { pushClient } from './push-client.ts';

it('a call is found by its callee’s own id for it in replays and in the audit log, where what was refused is filed with the rest', async () => {
  await using receiver = await startWebhookReceiver();
  await using service = await startChatService({ WEBHOOK_URL: receiver.url, WEBHOOK_SECRET: TEST_WEBHOOK_SECRET });
  const backend = serverOf(service);
  const { id } = (await backend.post('/v1/server/calls', { callerId: 'ann', calleeId: 'bob' })).body;
  const merged = await backend.post('/v1/server/calls', { callerId: 'bob', calleeId: 'ann', callId: 'bobs-id' });
  expect(merged.body).toMatchObject({ id, calleeAlias: 'bobs-id' });
  const act = async (verb: string, userId: string) => (await backend.post(`/v1/server/calls/bobs-id/${verb}`, { userId })).body;
  expect(await act('reject', 'bob')).toMatchObject({ error: { code: 'invalid_status' } });
  expect(await act('end', 'eve')).toMatchObject({ error: { code: 'unauthorized' } });
  expect(await act('end', 'bob')).toMatchObject({ id, status: 'ENDED' });
  await receiver.receives('the end', ({ type }) => type === 'call.ended');

  const told = receiver.typesOf(id);
  const again = await backend.post('/v1/server/webhooks/replay', { since: '2020-01-01T00:00:00Z', callId: 'bobs-id' });
  expect([again.status, again.body]).toEqual([202, { replayed: told.length }]);
  await until('they came again', () => receiver.typesOf(id).length === 2 * told.length);

  // As a call-service of the version before files what it refuses.
  await service.database.query(
    `INSERT INTO server_audit (action, key_name, call_id, user_id) VALUES ('cancel_call', 'environment-1', 'bobs-id', 'bob')`,
  );
  const filed = [
    { action: 'cancel_call', callId: 'bobs-id' },
    { action: 'replay_webhooks', callId: id },
    { action: 'end_call', callId: id, detail: { outcome: 'ok' } },
    { action: 'end_call', callId: id, detail: { outcome: 'unauthorized' } },
    { action: 'reject_call', callId: id, detail: { outcome: 'invalid_status' } },
    { action: 'place_call', callId: id, detail: { outcome: 'ok' } },
    { action: 'place_call', callId: id, detail: { outcome: 'ok' } },
  ];
  for (const known of [id, 'bobs-id']) expect((await backend.get(`/v1/server/audit?callId=${known}`)).body.items).toMatchObject(filed);
});

it('a call that nobody knows is filed and found as it was named', async () => {
  await using receiver = await startWebhookReceiver();
  await using service = await startChatService({ WEBHOOK_URL: receiver.url, WEBHOOK_SECRET: TEST_WEBHOOK_SECRET });
  const backend = serverOf(service);
  expect((await backend.post('/v1/server/calls/no-such-call/end', { userId: 'bob' })).status).toBe(404);
  const replayed = await backend.post('/v1/server/webhooks/replay', { since: '2020-01-01T00:00:00Z', callId: 'no-such-call' });
  expect(replayed.body).toEqual({ replayed: 0 });
  expect((await backend.get('/v1/server/audit?callId=no-such-call')).body.items).toMatchObject([
    { action: 'replay_webhooks' },
    { action: 'end_call', detail: { outcome: 'call_not_found' } },
  ]);
});

it('what was pushed about a call is found by its callee’s own id for it', async () => {
  await using service = await startChatService();
  await pushClient(service).device('bob');
  const backend = serverOf(service);
  const { id } = (await backend.post('/v1/server/calls', { callerId: 'ann', calleeId: 'bob' })).body;
  await backend.post('/v1/server/calls', { callerId: 'bob', calleeId: 'ann', callId: 'bobs-id' });
  const listed = await backend.get(`/v1/server/pushes?callId=${id}`);
  expect(listed.body.items).toContainEqual(expect.objectContaining({ callId: id, type: 'incoming_call' }));
  expect((await backend.get('/v1/server/pushes?callId=bobs-id')).body).toEqual(listed.body);
});
