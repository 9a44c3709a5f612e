import { textTable } from '../report/text-table.ts';
import type { Stores } from '../system/stores.ts';
import { mintToken, startTrunkline } from '../system/trunkline.ts';
import { mannWhitneyZ } from './mann-whitney.ts';

const SERVER_KEY = 'k3y-of-the-timing-command-and-nothing-else';
const MOST_Z = 4;
/** A difference below this share of an answer's time, or below 0.1 ms, drowns in any network. */
const LEAST_SHARE = 0.05;
const LEAST_MS = 0.1;

interface Asking {
  path: string;
  token: string;
}

/** Two questions whose answers must take the same time: who could tell them apart would learn something. */
interface Question {
  what: string;
  pair: readonly [Asking, Asking];
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const timed = async (url: string, { path, token }: Asking): Promise<number> => {
  const startedAt = performance.now();
  const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  await response.arrayBuffer();
  return performance.now() - startedAt;
};

const prepare = async (url: string): Promise<Question[]> => {
  const [ann, ben, eve, former] = await Promise.all(['ann', 'ben', 'eve', 'fay'].map(mintToken));
  const send = async (method: string, path: string, token: string | undefined, body: object = {}) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(`${url}${path}`, { method, headers, body: JSON.stringify(body) });
    return (await response.json()) as { data?: { id: string }; id?: string };
  };
  const place = async (token: string | undefined, calleeId: string): Promise<string> =>
    (await send('POST', '/api/v1/calls/initiate', token, { calleeId })).data?.id ?? '';
  const ended = await place(ann, 'ben');
  await send('POST', `/api/v1/calls/${ended}/reject`, ben);
  const ringing = await place(ann, 'ben');
  const chat = (await send('POST', '/v1/chat', SERVER_KEY, { order_id: 'order', user_id: 'ann', shopper_id: 'ben' })).id ?? '';
  for (const method of ['PUT', 'DELETE']) await send(method, `/v1/server/chats/${chat}/members/fay`, SERVER_KEY);
  const stranger = eve as string;
  const call = (id: string): Asking => ({ path: `/api/v1/calls/${id}`, token: stranger });
  const withKey = (token: string): Asking => ({ path: '/v1/server/stats', token });
  const read = (token: string): Asking => ({ path: `/v1/chat/${chat}`, token });
  return [
    { what: 'a call of others: ringing, or over', pair: [call(ringing), call(ended)] },
    { what: 'no call at all: one id, or another', pair: [call('aaaaaaaaaaaaaaaa'), call('zzzzzzzzzzzzzzzz')] },
    { what: 'a chat of others: never a member, or once', pair: [read(stranger), read(former as string)] },
    {
      what: 'a server key: wrong in front, or at its end',
      pair: [withKey(`x${SERVER_KEY.slice(1)}`), withKey(`${SERVER_KEY.slice(0, -1)}x`)],
    },
    { what: 'a server key: of a right length, or of a wrong one', pair: [withKey(`x${SERVER_KEY.slice(1)}`), withKey('x')] },
  ];
};

/** Asks both in turn, so that what else happens on the machine happens to both. */
const compare = async (url: string, { what, pair }: Question, rounds: number) => {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    const first = round % 2;
    for (const side of [first, 1 - first] as const) times[side as 0 | 1].push(await timed(url, pair[side as 0 | 1]));
  }
  const [one, other] = [median(times[0]), median(times[1])];
  const z = mannWhitneyZ(...times);
  const isApart = Math.abs(one - other) > Math.max(LEAST_MS, LEAST_SHARE * one);
  return { what, one, other, z, tells: Math.abs(z) > MOST_Z && isApart };
};

/** Resolves with the exit code: 1 where the time of an answer told something. */
export const runTiming = async (stores: Stores, rounds: number, print: (line: string) => void): Promise<number> => {
  const settings = { SERVER_API_KEYS: SERVER_KEY };
  await using system = await startTrunkline({ stores, gateways: 1, callServices: 1, checkout: null, profileFolder: null, settings });
  const url = system.processes.find(({ name }) => name === 'call-service')?.url as string;
  const questions = await prepare(url);
  for (const question of questions) await compare(url, question, 50);
  const found = [];
  for (const question of questions) found.push(await compare(url, question, rounds));
  const rows = found.map(({ what, one, other, z, tells }) => [what, one.toFixed(3), other.toFixed(3), z.toFixed(1), tells ? 'YES' : 'no']);
  print(textTable(['question', 'one (ms)', 'other (ms)', 'z', 'tells'], rows));
  return found.some(({ tells }) => tells) ? 1 : 0;
};
