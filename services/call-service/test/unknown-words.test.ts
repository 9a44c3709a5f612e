import { randomUUID } from 'node:crypto';
import { MAX_BATCH, type Snapshot } from '@trunkline/contract';
import { until } from '@trunkline/testing';
import { expect, it } from 'vitest';
import { startCallServiceProcess } from './call-service-process.ts';
import { askAll, commandOf, openChat, sendOf, startChatService } from './chat-door.ts';
import { envelope, place, send } from './envelopes.ts';
import { INTERNAL_TOKEN } from './link-client.ts';
import { startRunningCallService } from './running-call-service.ts';

const misread = (message: string) => ({ ok: false, error: { code: 'parse_error', message: expect.stringContaining(message) } });

it('a command in words of a newer gateway is refused in its place, and the others are decided', async () => {
  await using service = await startRunningCallService();
  const replies = await send(
    service,
    place('ann', 'bob'),
    envelope('eve', { type: 'beam_call', callId: 'any' }),
    envelope('fay', { type: 'place_call', calleeId: 'gus', callType: 'HOLOGRAM' }),
    place('kim', 'lee'),
    {},
  );
  expect(replies).toMatchObject([
    { ok: true, call: { callerId: 'ann' } },
    misread('command: type'),
    misread('callType'),
    { ok: true, call: { callerId: 'kim' } },
    misread('commandId'),
  ]);
  const callers = await service.database.query<{ caller_id: string }>('SELECT caller_id FROM calls ORDER BY 1');
  expect(callers.map(({ caller_id }) => caller_id)).toEqual(['ann', 'kim']);
});

it('a chat command in words of a newer gateway is refused in its place, and the others are decided', async () => {
  await using service = await startChatService();
  const chatId = await openChat(service);
  const replies = await askAll(service, [
    sendOf('ann', chatId, 'before'),
    commandOf('eve', { type: 'pin_message', chatId }),
    commandOf('sho', { type: 'send_message', chatId, content: 'a film', messageType: 'film' }),
    sendOf('sho', chatId, 'behind'),
  ]);
  expect(replies).toMatchObject([
    { ok: true, result: { message: { content: 'before' } } },
    misread('command: type'),
    misread('messageType'),
    { ok: true, result: { message: { content: 'behind' } } },
  ]);
});

it('a delivery that cannot be read is left out, and the others are noted', async () => {
  await using service = await startRunningCallService();
  const [placed] = await send(service, place('ann', 'bob'));
  const callId = placed?.ok === true ? placed.call.id : '';
  const ring = { kind: 'ring', callId, userId: 'bob', deviceId: null, sessionId: 's1' };
  const response = await service.post('deliveries', { deliveries: [{ ...ring, kind: 'hologram' }, ring] });
  expect([response.status, await response.json()]).toEqual([200, { events: [] }]);
  expect(await service.database.query('SELECT state FROM calls')).toEqual([{ state: 'RINGING' }]);
  expect((await service.post('deliveries', { deliveries: [{ ...ring, kind: 'hologram' }] })).status).toBe(200);
});

it('a session that cannot be read is left out, and the others open and close', async () => {
  await using service = await startRunningCallService();
  const session = (sessionId: string) => ({ sessionId, userId: `user-of-${sessionId}`, deviceId: null });
  await service.post('sessions', { gatewayId: 'g', opened: [session('s1')], closed: [] });
  const response = await service.post('sessions', {
    gatewayId: 'g',
    opened: [session('s2'), { ...session('s3'), hears: 'holograms' }, session('s4')],
    closed: [{ sessionId: 's5' }, session('s1')],
  });
  expect(response.status).toBe(200);
  const { snapshots } = (await response.json()) as { snapshots: Snapshot[] };
  expect(snapshots.map(({ sessionId }) => sessionId)).toEqual(['s2', 's4']);
  const open = await service.database.query<{ id: string }>('SELECT id FROM sessions WHERE closed_at IS NULL ORDER BY id');
  expect(open.map(({ id }) => id)).toEqual(['s2', 's4']);
});

it('a list that is none, is empty or is too long is refused as a whole', async () => {
  await using service = await startRunningCallService();
  const tooMany = Array.from({ length: MAX_BATCH + 1 }, () => ({}));
  for (const list of [undefined, 7, [], tooMany]) {
    expect((await service.post('commands', { commands: list })).status).toBe(400);
    expect((await service.post('chatCommands', { commands: list })).status).toBe(400);
    expect((await service.post('deliveries', { deliveries: list })).status).toBe(400);
  }
  for (const body of [
    { opened: [], closed: [] },
    { gatewayId: 'g', opened: tooMany, closed: [] },
  ])
    expect((await service.post('sessions', body)).status).toBe(400);
});

it('what cannot be read is logged by its place, without what it says', async () => {
  await using service = await startCallServiceProcess({ STOP_NOTICE_SECONDS: '0' });
  const canary = `canary-${randomUUID()}`;
  const ring = { kind: canary, callId: canary, userId: canary, deviceId: null, sessionId: canary };
  const response = await fetch(`${service.url}/internal/deliveries`, {
    method: 'POST',
    headers: { authorization: `Bearer ${INTERNAL_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ deliveries: [ring] }),
  });
  expect(response.status).toBe(200);
  await until('it is logged', () => service.output().includes('"problem":"deliveries: 0: kind: '));
  expect(service.output()).not.toContain(canary);
});
