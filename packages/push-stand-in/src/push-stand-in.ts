import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import type { Answer } from './answer.ts';
import { fcmAcceptance, fcmRefusal, readFcm } from './fcm-service.ts';
import type { ReceivedFcm, ReceivedPush, ReceivedWebPush } from './received-push.ts';
import { createScripts, type Script } from './scripts.ts';
import { type BrowserSubscription, createWebPushService } from './web-push-service.ts';

export interface PushStandInOptions {
  /** 0, any free one, where not given. */
  port?: number;
  /** How many requests it remembers, the last ones; 100,000 where not given. */
  keep?: number;
}

/** FCM and a Web Push service in one server on 127.0.0.1. It takes what they take, refuses what they refuse, and sends nothing on. */
export interface PushStandIn extends AsyncDisposable {
  /** For `FCM_ENDPOINT`. */
  readonly fcmUrl: string;
  /** Begins the endpoint of each subscription. */
  readonly webPushUrl: string;
  newFcmToken(): string;
  newSubscription(): BrowserSubscription;
  /** From now on this token, installation id or endpoint is dead: FCM says UNREGISTERED, the push service 410. */
  unregister(target: string): void;
  /** What was accepted, in order. Also at `GET /pushes`. */
  received(): readonly ReceivedPush[];
  /** Every request that made sense, those too that were refused by `unregister` or a script. */
  attempts(): readonly ReceivedPush[];
  script(script: Script): void;
  /** How many connections there have been. */
  connections(): number;
}

/** The credential that `FCM_ENDPOINT` goes with, the same as with Firebase's own emulators. */
const CREDENTIAL = 'Bearer owner';
const FCM_PATH = /^\/v1\/projects\/([^/]+)\/messages:send$/;
const WEB_PUSH_PATH = '/web-push';

const STATUSES = { fcm: { accepted: 200, gone: 404 }, web_push: { accepted: 201, gone: 410 } } as const;

const send = (response: ServerResponse, { status, headers, body }: Answer): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body === null ? '' : JSON.stringify(body));
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

type Unjudged = Omit<ReceivedFcm, 'status'> | Omit<ReceivedWebPush, 'status'>;

const webPushAnswer = (status: number, problem: string | null): Answer => ({ status, headers: {}, body: problem });

export const startPushStandIn = async ({ port = 0, keep = 100_000 }: PushStandInOptions = {}): Promise<PushStandIn> => {
  const scripts = createScripts();
  const webPush = createWebPushService();
  const dead = new Set<string>();
  const attempts: ReceivedPush[] = [];
  const isAccepted = ({ status }: ReceivedPush): boolean => status < 300;

  const remember = (push: ReceivedPush): void => {
    attempts.push(push);
    if (attempts.length > keep) attempts.shift();
  };

  /** Remembers a push that is as it should be, and says what becomes of it: null accepts it. A delay comes after that. */
  const judge = async (push: Unjudged): Promise<{ status: number; headers: Record<string, string> } | null> => {
    const { accepted, gone } = STATUSES[push.provider];
    const script: Script | null = dead.has(push.target) ? { status: gone } : scripts.take(push.provider, push.target);
    remember({ ...push, status: script?.status ?? accepted });
    if (script?.delayMs !== undefined) await pause(script.delayMs);
    if (script === null || script.status === null) return null;
    const { status, retryAfterSeconds } = script;
    return { status, headers: retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) } };
  };

  const answerFcm = async (project: string, request: IncomingMessage): Promise<Answer> => {
    const body = parseJson((await buffer(request)).toString());
    if (request.headers.authorization !== CREDENTIAL) return fcmRefusal(401, 'Request had invalid authentication credentials.');
    const push = readFcm(project, body);
    if ('problem' in push) return fcmRefusal(400, push.problem);
    const refusal = await judge(push);
    if (refusal === null) return fcmAcceptance(project);
    const { body: words } = fcmRefusal(refusal.status, 'As it was told to.');
    return { ...refusal, body: words };
  };

  const answerWebPush = async (endpoint: string, request: IncomingMessage): Promise<Answer> => {
    const push = await webPush.read(endpoint, request.headers, await buffer(request));
    if ('refused' in push) return webPushAnswer(push.refused, push.problem);
    const refusal = await judge(push);
    if (refusal !== null) return { ...refusal, body: 'as it was told to' };
    return { ...webPushAnswer(201, null), headers: { location: `${endpoint}/${randomBytes(8).toString('hex')}` } };
  };

  const route = async (request: IncomingMessage): Promise<Answer> => {
    const path = request.url ?? '/';
    const project = FCM_PATH.exec(path)?.[1];
    if (request.method === 'POST' && project !== undefined) return answerFcm(project, request);
    if (request.method === 'POST' && path.startsWith(`${WEB_PUSH_PATH}/`)) return answerWebPush(`${url}${path}`, request);
    if (request.method === 'GET' && path === '/pushes') return { status: 200, headers: {}, body: attempts.filter(isAccepted) };
    return webPushAnswer(404, 'nothing is here');
  };

  const server = createServer((request, response) => {
    route(request).then(
      (answer) => send(response, answer),
      (error: unknown) => send(response, webPushAnswer(500, String(error))),
    );
  });
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const webPushUrl = `${url}${WEB_PUSH_PATH}`;

  return {
    fcmUrl: url,
    webPushUrl,
    newFcmToken: () => `${randomBytes(11).toString('base64url')}:APA91b${randomBytes(100).toString('base64url')}`,
    newSubscription: () => webPush.subscribe(webPushUrl),
    unregister: (target) => void dead.add(target),
    received: () => attempts.filter(isAccepted),
    attempts: () => [...attempts],
    script: scripts.add,
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
