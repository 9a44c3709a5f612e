import { Agent, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { type PushEndpointRules, pushEndpointProblem } from '@trunkline/service-kit';
import { RequestFilteringHttpsAgent } from 'request-filtering-agent';
import webPush, { type RequestDetails } from 'web-push';
import { DELIVERY, LONGEST_TTL_MS, topicOf } from '../delivery.ts';
import { dropIdleConnections } from '../drop-idle-connections.ts';
import type { Attempt, PushSender, PushTo, SendOutcome } from '../push-sender.ts';
import { retryAfterMs } from '../retry-after.ts';
import { spokenError } from '../spoken-error.ts';
import { webNotification } from './web-push-payload.ts';

export interface Vapid {
  publicKey: string;
  privateKey: string;
  /** Whom a push service may write to: `mailto:` or `https:`. */
  subject: string;
}

export type EndpointRules = Omit<PushEndpointRules, 'NODE_ENV'>;

const requestDetails = (push: PushTo<'web_push'>, leftMs: number, vapidDetails: Vapid): RequestDetails => {
  const ttlMs = Math.min(Math.max(Math.floor(leftMs), 0), LONGEST_TTL_MS);
  const { endpoint, p256dh, auth } = push.address;
  const payload = JSON.stringify(webNotification(push, Date.now() + ttlMs));
  return webPush.generateRequestDetails({ endpoint: new URL(endpoint).href, keys: { p256dh, auth } }, payload, {
    vapidDetails,
    TTL: Math.floor(ttlMs / 1000),
    urgency: DELIVERY[push.content.type].webUrgency,
    ...(push.collapseKey === null ? {} : { topic: topicOf(push.collapseKey) }),
  });
};

type Wire = Pick<RequestDetails, 'endpoint' | 'headers' | 'body'>;

const LONGEST_ANSWER = 65_536;
const LONGEST_IDLE_MS = 60_000;

/** An answer says nothing that is needed, but has to be read for its connection to be used again, unless there is no end to it. */
const discard = (response: IncomingMessage): void => {
  let length = 0;
  response.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > LONGEST_ANSWER) response.destroy();
  });
  response.on('error', () => {});
};

const judge = (response: IncomingMessage): SendOutcome => {
  const status = response.statusCode ?? 0;
  const error = `the push service answered ${status}`;
  if (status >= 200 && status < 300) return { outcome: 'accepted', providerId: messageId(response.headers.location), health: 'up' };
  if (status === 404 || status === 410) return { outcome: 'target_gone', error, health: 'up' };
  if (status !== 429 && status < 500) return { outcome: 'failed', error, health: 'up' };
  const waitMs = retryAfterMs(response.headers['retry-after'], Date.now());
  return { outcome: 'retry', error, retryAfterMs: waitMs, health: status === 429 ? 'up' : 'down' };
};

const messageId = (location: string | undefined): string | null => location?.split('/').at(-1)?.slice(0, 200) || null;

/** Sends what web-push encrypts and signs, itself: web-push reads endpoints with another parser than the one that checked them. */
export const createWebPushSender = (
  vapid: Vapid,
  rules: EndpointRules,
  maxSockets: number,
  lookup?: LookupFunction,
): PushSender<'web_push'> => {
  const keeping = { keepAlive: true, maxSockets, timeout: LONGEST_IDLE_MS };
  const agents = {
    // Looks at every address that a name leads to, at every connection (a name may lead elsewhere by now).
    https: new RequestFilteringHttpsAgent({
      ...keeping,
      allowPrivateIPAddress: rules.WEB_PUSH_ALLOW_INSECURE,
      ...(lookup === undefined ? {} : { lookup }),
    }),
    http: new Agent(keeping),
  };

  const exchange = ({ endpoint, headers, body }: Wire, signal: AbortSignal): Promise<SendOutcome> =>
    new Promise((resolve, reject) => {
      const url = new URL(endpoint);
      const options = { method: 'POST', headers, signal };
      const isSecure = url.protocol === 'https:';
      const agent = isSecure ? agents.https : agents.http;
      const request = (isSecure ? requestHttps : requestHttp)(url, { ...options, agent });
      let isAnswered = false;
      request.on('response', (response) => {
        isAnswered = true;
        discard(response);
        resolve(judge(response));
      });
      // A kept connection may close just as it is used again: then nothing was sent, and the request goes once more.
      const mayRepeat = (): boolean => request.reusedSocket && !isAnswered && !signal.aborted;
      request.on('error', (error) => {
        if (mayRepeat()) return resolve(exchange({ endpoint, headers, body }, signal));
        if (signal.aborted) dropIdleConnections(agent, `${url.hostname}:`);
        reject(error);
      });
      request.end(body);
    });

  const send = async (push: PushTo<'web_push'>, { leftMs, signal }: Attempt): Promise<SendOutcome> => {
    const { endpoint, p256dh, auth } = push.address;
    const problem = pushEndpointProblem(endpoint, rules);
    if (problem !== null) return unsent(`the endpoint ${problem}`);
    const secrets = [endpoint, p256dh, auth, vapid.privateKey];
    let details: RequestDetails;
    try {
      details = requestDetails(push, leftMs(), vapid);
    } catch (error) {
      return unsent(spokenError(error, secrets));
    }
    try {
      return await exchange(details, signal);
    } catch (error) {
      return unanswered(signal.aborted ? signal.reason : error, secrets);
    }
  };

  return {
    send,
    [Symbol.asyncDispose]: async () => {
      agents.https.destroy();
      agents.http.destroy();
    },
  };
};

/** Refused by ourselves. */
const unsent = (error: string): SendOutcome => ({ outcome: 'failed', error, health: 'unknown' });

/** The words of request-filtering-agent, which has no code for it. */
const LEADS_INSIDE = /^DNS lookup .* is not allowed/;

const unanswered = (error: unknown, secrets: readonly string[]): SendOutcome => {
  const words = spokenError(error, secrets);
  if (LEADS_INSIDE.test(words)) return unsent('the host of the endpoint leads to an inside address');
  return { outcome: 'retry', error: words, retryAfterMs: null, health: 'down' };
};
