import { randomUUID } from 'node:crypto';
import { PushId, type PushResult } from '@trunkline/contract';
import { createLogger } from '@trunkline/service-kit';
import { expect, it } from 'vitest';
import { type CallService, NotTaken, RefusedRequest } from '../call-service.ts';
import { createPushReports } from './push-reports.ts';

const WORDS = 'what the provider said';
const GIVEN_UP = 'call-service does not take the result of a push; it is given up';

const newResult = (): PushResult => ({ outcome: 'failed', id: PushId.parse(randomUUID()), attempt: 1, error: WORDS });
const newResults = (count: number): PushResult[] => Array.from({ length: count }, newResult);
const answered = (status: number): NotTaken => new NotTaken([new RefusedRequest('http://call-service', status)]);
const UNREACHED = new NotTaken([new Error('connect ECONNREFUSED')]);

/** What `failureOf` a report says is thrown; what it lets through is recorded. */
const start = (failureOf: (results: readonly PushResult[]) => Error | null) => {
  const recorded: PushId[] = [];
  const lines: Record<string, unknown>[] = [];
  const recordPushResults: CallService['recordPushResults'] = async (results) => {
    const failure = failureOf(results);
    if (failure !== null) throw failure;
    recorded.push(...results.map(({ id }) => id));
  };
  const logger = createLogger('test', 'trace', { write: (line) => void lines.push(JSON.parse(line)) });
  const reports = createPushReports({ recordPushResults }, logger);
  return { reports, recorded, lines, [Symbol.dispose]: () => reports[Symbol.dispose]() };
};

const holds = (results: readonly PushResult[], one: PushResult): boolean => results.some(({ id }) => id === one.id);

it.each([400, 500])('one result that is always answered %i is given up, and all others are recorded', async (status) => {
  const results = newResults(100);
  const refused = results[37] as PushResult;
  using scene = start((given) => (holds(given, refused) ? answered(status) : null));
  await Promise.all(results.map((result) => scene.reports.add(result, `call-of-${result.id}`)));
  const others = results.filter((result) => result !== refused).map(({ id }) => id);
  expect(scene.recorded).toEqual(expect.arrayContaining(others));
  expect(scene.recorded).not.toContain(refused.id);
  const errors = scene.lines.filter(({ level }) => level === 'error');
  expect(errors).toMatchObject([{ msg: GIVEN_UP, push: refused.id, callId: `call-of-${refused.id}`, outcome: 'failed' }]);
  expect(JSON.stringify(scene.lines)).not.toContain(WORDS);
});

it('what is about no call is given up without one', async () => {
  const refused = newResult();
  using scene = start((given) => (holds(given, refused) ? answered(400) : null));
  await scene.reports.add(refused, null);
  expect(scene.lines.find(({ msg }) => msg === GIVEN_UP)).not.toHaveProperty('callId');
});

it.each([400, 500, 503])('nothing is given up while call-service answers everything with %i', async (status) => {
  const result = newResult();
  let attempts = 0;
  using scene = start((given) => {
    if (holds(given, result)) attempts += 1;
    return attempts <= 4 ? answered(status) : null;
  });
  await scene.reports.add(result, null);
  expect(scene.recorded).toEqual([result.id]);
});

it.each([
  ['there is no answer', UNREACHED],
  ['the token is not known', answered(401)],
  ['there are too many requests', answered(429)],
])('nothing is given up because %s, however often', async (_why, failure) => {
  const result = newResult();
  let attempts = 0;
  using scene = start((given) => {
    if (!holds(given, result)) return null;
    attempts += 1;
    return attempts <= 4 ? failure : null;
  });
  await scene.reports.add(result, null);
  expect(scene.recorded).toEqual([result.id]);
});

it('a result is not given up as long as a call-service that did not answer may take it', async () => {
  const result = newResult();
  let attempts = 0;
  using scene = start((given) => {
    if (!holds(given, result)) return null;
    attempts += 1;
    return attempts <= 2 ? new NotTaken([...answered(400).errors, ...UNREACHED.errors]) : null;
  });
  await scene.reports.add(result, null);
  expect(scene.recorded).toContain(result.id);
});

it('a report that is not taken is rejected when the notifier stops', async () => {
  using scene = start(() => UNREACHED);
  const added = scene.reports.add(newResult(), null);
  scene.reports[Symbol.dispose]();
  await expect(added).rejects.toThrow('aborted');
});
