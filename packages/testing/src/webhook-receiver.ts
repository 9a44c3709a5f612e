import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { Hearing } from './hearing.ts';

export const TEST_WEBHOOK_SECRET = `whsec_${Buffer.from('a secret that signs webhooks of tests').toString('base64')}`;

/** A request as it came, and whether its signature holds for the receiver's secret. */
export interface ReceivedWebhook {
  id: string;
  type: string;
  timestamp: string;
  // biome-ignore lint/suspicious/noExplicitAny: what is told is asserted by the test, field by field
  data: any;
  headers: IncomingMessage['headers'];
  text: string;
  isSigned: boolean;
}

type Answer = (received: ReceivedWebhook, response: ServerResponse) => void;

/** The app's backend, as far as webhooks are concerned: keeps what it gets, in order. */
export interface WebhookReceiver extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly ReceivedWebhook[];
  /** How the next ones are answered: `204` unless a test says otherwise. An answer that never ends is one too. */
  answerWith(answer: Answer): void;
  /** Resolves with the first one that `matches`, received already or yet to come. */
  receives(what: string, matches: (received: ReceivedWebhook) => boolean): Promise<ReceivedWebhook>;
  /** The types of what was received about one call, in order. */
  typesOf(callId: string): string[];
}

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

const holds = (secret: string, text: string, headers: IncomingMessage['headers']): boolean => {
  try {
    new Webhook(secret).verify(text, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
};

/** Signatures are checked by the reference library of Standard Webhooks. */
export const startWebhookReceiver = async (secret = TEST_WEBHOOK_SECRET): Promise<WebhookReceiver> => {
  const hearing = new Hearing<ReceivedWebhook>();
  let answer: Answer = (_received, response) => response.writeHead(204).end();
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = await textOf(request);
    const { headers } = request;
    const { type, timestamp, data } = JSON.parse(text);
    const received = { id: String(headers['webhook-id']), type, timestamp, data, headers, text, isSigned: holds(secret, text, headers) };
    hearing.add(received);
    answer(received, response);
  };
  const server = createServer((request, response) => void take(request, response).catch(() => response.destroy()));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`,
    received: hearing.items,
    answerWith: (given) => {
      answer = given;
    },
    receives: (what, matches) => hearing.first(what, matches),
    typesOf: (callId) => hearing.items.filter(({ data }) => data.call?.id === callId).map(({ type }) => type),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
