import { connectOnlyCare, connectOtsy, connectRaw, createRestClient, type RestClient } from '@trunkline/testing';
import { CANARIES, type Leaks } from './canaries.ts';
import type { PushSystem } from './push-system.ts';

/** A system on which people live with secrets, and what is watched for them. */
export interface SecretLife {
  pushed: PushSystem;
  leaks: Leaks;
}

const gatewayOf = ({ pushed }: SecretLife, index = 0): string => pushed.system.gateways[index]?.url ?? '';
const callServiceOf = ({ pushed }: SecretLife): string => pushed.system.callServices[0]?.url ?? '';

export const restOf = async (life: SecretLife, userId: string): Promise<RestClient> =>
  createRestClient(callServiceOf(life), await life.leaks.token(userId));

/** Calls over every dialect, with words of their own for why they end. */
export const callEachOther = async (life: SecretLife): Promise<string[]> => {
  const { leaks } = life;
  await using ana = await connectOnlyCare(gatewayOf(life), await leaks.token('ana', { name: 'Ana', deviceId: 'ana-phone' }));
  await using ben = await connectRaw(`${gatewayOf(life, 1)}/ws/chat?token=${await leaks.token('ben')}`);
  await using cat = await connectRaw(`${gatewayOf(life)}/ws/otomo`, { protocols: ['bearer', await leaks.token('cat')] });
  const dan = await restOf(life, 'dan');

  const rejected = (await ana.ask('call:initiate', { receiverId: 'ben' })).call?.id ?? '';
  await ben.hears('call_invitation', ({ data }) => data.callId === rejected);
  await ben.ask('call.reject', { callId: rejected, reason: CANARIES.reason });
  await ana.hears('call:rejected', ({ callId, reason }) => callId === rejected && reason === CANARIES.reason);

  const { call: ended } = await ben.ask('call.initiate', { calleeId: 'cat', callType: 'VIDEO' });
  await cat.hears('call_request', ({ payload }) => payload.callId === ended.id);
  await cat.ask('call_accept', { callId: ended.id });
  const { body: media } = await (await restOf(life, 'cat')).post(`/v1/calls/${ended.id}/media`);
  leaks.add(`media token of ${ended.id}`, media.agora.token);
  leaks.add(`credential of ${ended.id}`, media.iceServers[0].credential);
  await cat.ask('call_end', { callId: ended.id, reason: CANARIES.reason });

  const { body } = await dan.post('/api/v1/calls/initiate', { calleeId: 'ana' });
  await ana.hears('call:incoming', ({ callId }) => callId === body.data.id);
  await dan.post(`/api/v1/calls/${body.data.id}/cancel`, { reason: CANARIES.reason }, { 'idempotency-key': 'k-1' });

  await ana.ask('auth:refresh', { token: await leaks.token('ana', { deviceId: 'ana-phone' }) });
  await ben.ask('auth.refresh', { token: CANARIES.badToken });
  return [rejected, ended.id, body.data.id];
};

/** A chat in which everything is said that can be said, over sockets, over REST and by the app's backend. */
export const chat = async (life: SecretLife): Promise<string> => {
  const { pushed, leaks } = life;
  const eve = await restOf(life, 'eve');
  const between = { order_id: 'order-1', user_id: 'eve', shopper_id: 'fay', initial_message: CANARIES.text };
  const chatId: string = (await eve.post('/v1/chat', between)).body.id;
  await using fay = await connectOtsy(gatewayOf(life), await leaks.token('fay'));
  await fay.ask('join_chat', { chat_id: chatId });
  const message = { content: CANARIES.text, metadata: { note: CANARIES.metadata }, attachment_url: CANARIES.attachment };
  await fay.ask('send_message', { chat_id: chatId, message, requestId: 'r-1' });
  await fay.ask('send_message', { chat_id: chatId, message: { ...message, content: `${CANARIES.text} again` }, requestId: 'r-1' });
  await eve.post(`/v1/chat/${chatId}/messages`, message);
  await fay.hears('new_message', ({ content, sender_id }) => content === CANARIES.text && sender_id === 'eve');
  await eve.get(`/v1/chat/search?q=${encodeURIComponent(CANARIES.text)}`);
  await pushed.backend.post(`/v1/server/chats/${chatId}/messages`, { content: CANARIES.text });
  await pushed.backend.post('/v1/server/events', { type: 'custom:tip', user_ids: ['fay'], data: { note: CANARIES.event } });
  await fay.hears('custom:tip', ({ note }) => note === CANARIES.event);
  return chatId;
};

const refused = async (attempt: Promise<AsyncDisposable>): Promise<void> => {
  await using _let = await attempt.catch(() => null);
};

/** Everything that can be got wrong, with a secret in it. */
export const blunder = async (life: SecretLife): Promise<void> => {
  const { badToken, malformed, text } = CANARIES;
  const gateway = gatewayOf(life);
  await refused(connectOnlyCare(gateway, badToken));
  await refused(connectOtsy(gateway, badToken));
  for (const path of ['/ws/chat', '/ws/otomo', '/ws/none']) await refused(connectRaw(`${gateway}${path}?token=${badToken}`));
  await refused(connectRaw(`${gateway}/ws/chat`, { headers: { authorization: `Bearer ${badToken}` } }));
  await fetch(`${gateway}/socket.io/?token=${badToken}&EIO=4&transport=polling`);

  await using ana = await connectOnlyCare(gateway, await life.leaks.token('ana'));
  for (const body of [malformed, { callId: malformed, reason: 7 }, { receiverId: { text } }, [text], null])
    await ana.ask('call:initiate', body);
  await ana.ask(malformed, { text });
  ana.tell('call:reject', { callId: 'no-such-call', reason: text });
  await using ben = await connectRaw(`${gateway}/ws/chat?token=${await life.leaks.token('ben')}`);
  for (const frame of [
    malformed,
    `{"type":"${malformed}`,
    { type: malformed, payload: text },
    { type: 'call.end', payload: { callId: 'no-such-call', reason: text } },
  ])
    ben.send(frame);
  await using fay = await connectOtsy(gateway, await life.leaks.token('fay'));
  await fay.ask('send_message', { chat_id: '0197a000-0000-7000-8000-000000000000', message: { content: text } });
  await fay.ask('send_message', { chat_id: malformed, message: { content: `${text}\0` } });
  await fay.ask(malformed, { text });

  const wrong = createRestClient(callServiceOf(life), badToken);
  const right = await restOf(life, 'ana');
  for (const path of ['/api/v1/calls/initiate', '/v1/chat', '/v1/server/events', '/v1/server/notifications', `/v1/${malformed}`]) {
    for (const client of [wrong, right]) await client.post(path, { text, content: text, calleeId: `${text}\0`, token: badToken });
    await right.post(path, `{"text": "${malformed}`);
    await right.get(`${path}?token=${badToken}`);
  }
};
