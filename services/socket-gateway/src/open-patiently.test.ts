import { afterEach, expect, it, vi } from 'vitest';
import { openPatiently } from './open-patiently.ts';
import type { NotAdmitted } from './session-reports.ts';

afterEach(() => void vi.useRealTimers());

/** Opens what is answered so, one attempt each three seconds; the last answer is given ever after. */
const open = async (...answers: ('admitted' | NotAdmitted)[]) => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const seen = { attempts: 0, refused: 0, isClosed: false };
  const isOpen = await openPatiently({
    attempt: async () => {
      vi.advanceTimersByTime(3000);
      seen.attempts += 1;
      return answers[Math.min(seen.attempts, answers.length) - 1] ?? 'admitted';
    },
    refuseWaiting: () => {
      seen.refused += 1;
    },
    isClosed: () => seen.isClosed,
  });
  return { isOpen, attempts: seen.attempts, refused: seen.refused };
};

it.each([
  { what: 'that is admitted at once is open', answers: ['admitted'], isOpen: true, attempts: 1, refused: 0 },
  { what: 'goes on where call-service is slow', answers: ['busy', 'busy', 'admitted'], isOpen: true, attempts: 3, refused: 2 },
  { what: 'ends where none can be reached', answers: ['unreachable'], isOpen: false, attempts: 1, refused: 1 },
  { what: 'ends where none can be reached any more', answers: ['busy', 'unreachable'], isOpen: false, attempts: 2, refused: 2 },
  { what: 'ends where it is slow for more than ten seconds', answers: ['busy'], isOpen: false, attempts: 4, refused: 4 },
] as const)('an opening $what', async ({ answers, isOpen, attempts, refused }) => {
  expect(await open(...answers)).toEqual({ isOpen, attempts, refused });
});

it('a connection that is closed meanwhile is not tried again', async () => {
  let isClosed = false;
  let attempts = 0;
  const attempt = async (): Promise<NotAdmitted> => {
    attempts += 1;
    isClosed = true;
    return 'busy';
  };
  expect(await openPatiently({ attempt, refuseWaiting: () => undefined, isClosed: () => isClosed })).toBe(true);
  expect(attempts).toBe(1);
});
