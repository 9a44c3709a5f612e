import { randomUUID } from 'node:crypto';
import { storablePart } from '@trunkline/contract';
import { deleteApp, initializeApp } from 'firebase-admin/app';
import { getMessaging } from 'firebase-admin/messaging';
import type { Attempt, PushSender, PushTo, SendOutcome } from '../push-sender.ts';
import { spokenError } from '../spoken-error.ts';
import { type FcmAccess, fcmCredential } from './fcm-credential.ts';
import { fcmMessage } from './fcm-message.ts';
import { type FcmFailure, fcmOutcome } from './fcm-outcome.ts';
import { inAttempt, type ObservedAttempt, OneRequestAgent } from './one-request-agent.ts';

/** Named in the URL of every message; a redirected FCM may have none of its own. */
const NO_PROJECT = 'trunkline-dev';

const projectOf = ({ endpoint, serviceAccount }: FcmAccess): { projectId?: string } => {
  const projectId = serviceAccount?.['project_id'];
  if (typeof projectId === 'string') return { projectId };
  return endpoint === null ? {} : { projectId: NO_PROJECT };
};

const codeOf = (error: unknown): string | null => (error instanceof Error && 'code' in error ? String(error.code) : null);

const unanswered = (failure: Error, secrets: readonly string[]): string => {
  const [words, code] = [spokenError(failure, secrets), codeOf(failure)];
  return `FCM did not answer: ${code === null || words.includes(code) ? words : `${words} (${code})`}`;
};

const failureOf = (error: unknown, { answer, failure }: ObservedAttempt, secrets: readonly string[]): FcmFailure =>
  answer === null && failure !== null
    ? { code: null, words: unanswered(failure, secrets), answer }
    : { code: codeOf(error), words: spokenError(error, secrets), answer };

const LONGEST_ID = 200;
/** The `name` of an acceptance, which whatever is in FCM's place may leave out. */
const providerIdIn = (name: unknown): string | null => (typeof name === 'string' ? storablePart(name, LONGEST_ID) : null);

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

/** Sends through firebase-admin. */
export const createFcmSender = (access: FcmAccess, maxSockets: number): PushSender<'fcm'> => {
  const agent = new OneRequestAgent(access.endpoint === null ? null : new URL(access.endpoint), maxSockets);
  const app = initializeApp({ credential: fcmCredential(access), httpAgent: agent, ...projectOf(access) }, randomUUID());
  const messaging = getMessaging(app);

  const send = async (push: PushTo<'fcm'>, { leftMs, signal }: Attempt): Promise<SendOutcome> => {
    const observed: ObservedAttempt = { signal, request: null, answer: null, failure: null };
    try {
      signal.throwIfAborted();
      const sending = inAttempt(observed, () => messaging.send(fcmMessage(push, leftMs(), Date.now())));
      // firebase-admin may first have to ask for an access token, and cannot be told to stop that.
      const name = await Promise.race([sending, aborted(signal)]);
      return { outcome: 'accepted', providerId: providerIdIn(name), health: 'up' };
    } catch (error) {
      return fcmOutcome(failureOf(error, observed, [push.address.token]));
    }
  };

  return {
    send,
    [Symbol.asyncDispose]: async () => {
      await deleteApp(app);
      agent.destroy();
    },
  };
};
