import { randomUUID } from 'node:crypto';
import { type CommandReply, INTERNAL_PATHS } from '@trunkline/contract';
import { expect, it } from 'vitest';
import { startRunningCallService } from './running-call-service.ts';

const place = (userId: string, command: object) => ({
  commandId: randomUUID(),
  attempt: 1,
  actor: { userId, name: null, avatar: null, role: null, deviceId: null, sessionId: null },
  command: { type: 'place_call', ...command },
  mintedCallId: randomUUID(),
  requestId: null,
  wantsAnswer: true,
  dialect: 'test',
});

const repliesOf = async (response: Response): Promise<CommandReply[]> => ((await response.json()) as { replies: CommandReply[] }).replies;

it('opens only with the token', async () => {
  await using service = await startRunningCallService();
  for (const path of Object.values(INTERNAL_PATHS)) {
    for (const authorization of ['', 'Bearer wrong', 'Basic dGVzdA==']) {
      const response = await fetch(`${service.url}${path}`, { method: 'POST', headers: { authorization }, body: '{}' });
      expect(response.status).toBe(401);
    }
  }
});

it('refuses what the contract does not know, and stays', async () => {
  await using service = await startRunningCallService();
  for (const body of [{}, { commands: [] }, { commands: {} }, { commands: place('ann', { calleeId: 'bob' }) }]) {
    expect((await service.post('commands', body)).status).toBe(400);
  }
  const broken = await fetch(`${service.url}${INTERNAL_PATHS.commands}`, {
    method: 'POST',
    headers: { authorization: 'Bearer the-internal-token-of-tests-only', 'content-type': 'application/json' },
    body: '{"commands":',
  });
  expect(broken.status).toBe(400);
  expect((await fetch(`${service.url}/livez`)).status).toBe(200);
  expect((await fetch(`${service.url}/nowhere`)).status).toBe(404);
});

it('takes many commands in one request and answers them in order', async () => {
  await using service = await startRunningCallService();
  const commands = Array.from({ length: 200 }, (_, index) => place(`caller-${index}`, { calleeId: `callee-${index}` }));
  const replies = await repliesOf(await service.post('commands', { commands }));
  expect(replies.map((reply) => reply.ok && reply.call.callerId)).toEqual(commands.map(({ actor }) => actor.userId));
  const [{ count } = { count: 0 }] = await service.database.query<{ count: number }>('SELECT count(*)::int FROM calls');
  expect(count).toBe(200);
});

it('one poisonous command fails alone, not its batch', async () => {
  await using service = await startRunningCallService();
  await service.database.query(`CREATE FUNCTION refuse_poison() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF new.channel_id = 'poison' THEN RAISE EXCEPTION 'poison'; END IF; RETURN new; END $$`);
  await service.database.query('CREATE TRIGGER poison BEFORE INSERT ON calls FOR EACH ROW EXECUTE FUNCTION refuse_poison()');
  const commands = Array.from({ length: 40 }, (_, index) =>
    place(`caller-${index}`, { calleeId: `callee-${index}`, ...(index === 17 ? { channelId: 'poison' } : {}) }),
  );
  const replies = await repliesOf(await service.post('commands', { commands }));
  expect(replies.flatMap((reply, index) => (reply.ok ? [] : [[index, reply.error.code]]))).toEqual([[17, 'service_error']]);
  const rows = await service.database.query('SELECT id FROM calls');
  expect(rows).toHaveLength(39);
});

it('a command that another attempt has already done is answered as done', async () => {
  await using service = await startRunningCallService();
  const [placed] = [place('ann', { calleeId: 'bob' })];
  const [first] = await repliesOf(await service.post('commands', { commands: [placed] }));
  const [again] = await repliesOf(await service.post('commands', { commands: [{ ...placed, attempt: 2 }] }));
  expect(again).toEqual(first);
  const accept = { ...place('bob', {}), command: { type: 'accept_call', callId: placed.mintedCallId } };
  const [accepted] = await repliesOf(await service.post('commands', { commands: [accept] }));
  const [acceptedAgain] = await repliesOf(await service.post('commands', { commands: [{ ...accept, attempt: 2 }] }));
  expect(acceptedAgain).toEqual(accepted);
  const [byAnother] = await repliesOf(await service.post('commands', { commands: [{ ...accept, commandId: 'other' }] }));
  expect(byAnother).toMatchObject({ ok: false, error: { code: 'invalid_status', status: 'CONNECTING' } });
});

it('the merged answer of a glare is given again to an attempt that lost it', async () => {
  await using service = await startRunningCallService();
  const [ann, bob] = [place('ann', { calleeId: 'bob' }), place('bob', { calleeId: 'ann' })];
  await service.post('commands', { commands: [ann] });
  const [merged] = await repliesOf(await service.post('commands', { commands: [bob] }));
  const [again] = await repliesOf(await service.post('commands', { commands: [{ ...bob, attempt: 2 }] }));
  expect(merged).toMatchObject({ ok: true, call: { id: ann.mintedCallId, state: 'CONNECTING' } });
  expect(again).toEqual(merged);
});

it('a session that was reported closed stays closed when its opening arrives late', async () => {
  await using service = await startRunningCallService();
  const session = { sessionId: randomUUID(), userId: 'ann' };
  await service.post('sessions', { gatewayId: 'gateway', opened: [], closed: [session] });
  await service.post('sessions', { gatewayId: 'gateway', opened: [{ ...session, deviceId: null }], closed: [] });
  expect(await service.database.query('SELECT FROM sessions WHERE closed_at IS NULL')).toEqual([]);
});
