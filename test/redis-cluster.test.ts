import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RedisCluster, startRedisCluster } from '@trunkline/backing-services';
import { type OnlyCareClient, type System, until } from '@trunkline/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { join as joinChat, openRoom, startChatSystem } from './chat-room.ts';

const PAIRS = 12;

let open: AsyncDisposableStack;
let cluster: RedisCluster;
let system: System;

beforeAll(async () => {
  open = new AsyncDisposableStack();
  const dataFolder = open.adopt(await mkdtemp(join(tmpdir(), 'trunkline-cluster-')), (path) => rm(path, { recursive: true, force: true }));
  cluster = open.use(await startRedisCluster({ masters: 3, dataFolder, report: (line) => process.stderr.write(`${line}\n`) }));
  system = open.use(await startChatSystem({ settings: { REDIS_URL: cluster.url } }));
});
afterAll(() => open[Symbol.asyncDispose]());

interface Pair {
  caller: OnlyCareClient;
  callee: OnlyCareClient;
  callerId: string;
  calleeId: string;
}

const connectPair = async (stack: AsyncDisposableStack): Promise<Pair> => {
  const [callerId, calleeId] = [`caller-${randomUUID()}`, `callee-${randomUUID()}`];
  const caller = stack.use(await system.connect(0, callerId));
  const callee = stack.use(await system.connect(1, calleeId));
  return { caller, callee, callerId, calleeId };
};

const callBetween = async ({ caller, callee, calleeId }: Pair): Promise<void> => {
  const { call } = await caller.ask('call:initiate', { receiverId: calleeId });
  const isIt = (body: { callId: string }): boolean => body.callId === call?.id;
  await callee.hears('call:incoming', isIt);
  await callee.ask('call:reject', { callId: call?.id });
  await caller.hears('call:rejected', isIt);
};

const isReady = async (): Promise<boolean> =>
  (await Promise.all([...system.gateways, system.notifier].map(({ url }) => fetch(`${url}/readyz`)))).every(({ ok }) => ok);

it('people whose channels are on all nodes ring each other across gateways', async () => {
  await using stack = new AsyncDisposableStack();
  const pairs = await Promise.all(Array.from({ length: PAIRS }, () => connectPair(stack)));
  await Promise.all(pairs.map(callBetween));
});

it('who is online is known, on whichever node', async () => {
  await using stack = new AsyncDisposableStack();
  const pairs = await Promise.all(Array.from({ length: 6 }, () => connectPair(stack)));
  const users = pairs.map(({ calleeId }) => calleeId);
  const viewer = await system.rest(pairs[0]?.callerId as string);
  const { body } = await viewer.post('/api/v1/users/status', { userIds: [...users, 'nobody'] });
  const online = new Map<string, boolean>(body.data.map(({ userId, online: is }: { userId: string; online: boolean }) => [userId, is]));
  expect(users.map((user) => online.get(user))).toEqual(users.map(() => true));
  expect(online.get('nobody')).toBe(false);
});

it('chat rooms reach across gateways, on whichever node', async () => {
  await using stack = new AsyncDisposableStack();
  const typeIn = async (): Promise<void> => {
    const { chatId, userId, shopperId } = await openRoom(system);
    const user = stack.use(await system.otsy(0, userId));
    const shopper = stack.use(await system.otsy(1, shopperId));
    await Promise.all([joinChat(user, chatId), joinChat(shopper, chatId)]);
    expect(await user.ask('typing_indicator', { chatId, action: 'start' })).toEqual({ ok: true });
    expect(await shopper.hears('typing_indicator')).toMatchObject({ action: 'start' });
  };
  await Promise.all(Array.from({ length: 8 }, typeIn));
});

it('jobs run: what is due is looked at in time', async () => {
  const jobs = async (): Promise<string> => await (await fetch(`${system.notifier.url}/metrics`)).text();
  await using stack = new AsyncDisposableStack();
  const { caller, callee, calleeId } = await connectPair(stack);
  await caller.ask('call:initiate', { receiverId: calleeId, ringTimeoutSeconds: 5 });
  await callee.hears('call:incoming');
  await caller.hears('call:timeout');
  const done = /trunkline_jobs_total\{(?=[^}]*queue="ring_timeout")(?=[^}]*outcome="done")[^}]*\} [1-9]/;
  await until('a job ran', async () => done.test(await jobs()));
});

it('a node that dies and comes back leaves nobody deaf', { timeout: 60_000 }, async () => {
  await using stack = new AsyncDisposableStack();
  const pairs = await Promise.all(Array.from({ length: PAIRS }, () => connectPair(stack)));
  await Promise.all(pairs.map(callBetween));
  process.kill(cluster.nodes[1]?.pid as number, 'SIGKILL');
  await until('the gateways notice', async () => !(await isReady()), 20_000);
  await cluster.restart(1);
  await until('all are ready again', isReady, 40_000);
  await Promise.all(pairs.map(callBetween));
});
