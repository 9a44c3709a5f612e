import { get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { type Child, earlyEnd } from './child-process.ts';

const READY_WITHIN_MS = 60_000;
const POLL_EVERY_MS = 75;
const ANSWER_WITHIN_MS = 3000;

/** The answer of a service to "are you ready": its status, or null for none. */
const askReadiness = (port: number): Promise<{ status: number; body: string } | null> =>
  new Promise((resolve) => {
    const question = get({ host: '127.0.0.1', port, path: '/readyz', agent: false, timeout: ANSWER_WITHIN_MS }, async (answer) => {
      const chunks = await answer.toArray().catch(() => []);
      resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks as Buffer[]).toString() });
    });
    question.on('timeout', () => question.destroy());
    question.on('error', () => resolve(null));
  });

/** @throws when the process ends first, when the time is over, and when `stop` is aborted */
export const waitUntilReady = async (name: string, port: number, { child, stop }: { child: Child; stop: AbortSignal }): Promise<void> => {
  const deadline = performance.now() + READY_WITHIN_MS;
  let said = 'nothing';
  while (performance.now() < deadline) {
    stop.throwIfAborted();
    if (child.hasEnded()) throw earlyEnd(name, await child.ended, child);
    const answer = await askReadiness(port);
    if (answer?.status === 200) return;
    said = answer?.body ?? said;
    await pause(POLL_EVERY_MS);
  }
  throw new Error(`${name} was not ready after ${READY_WITHIN_MS / 1000} s. Its /readyz said ${said}`);
};
