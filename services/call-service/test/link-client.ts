import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { INTERNAL_PATHS, LinkAnswer } from '@trunkline/contract';
import { until } from '@trunkline/testing';
import { type RawData, WebSocket } from 'ws';

export const INTERNAL_TOKEN = 'the-internal-token-of-tests-only';

const linkUrl = (url: string): string => `${url.replace('http', 'ws')}${INTERNAL_PATHS.link}`;

export interface LinkClient extends AsyncDisposable {
  /** All that was answered, in order. */
  readonly answers: readonly LinkAnswer[];
  /** Sends a request, or whatever else is to be a frame. */
  say(frame: object | string | Buffer): void;
  /** Resolves with the answer to the request of that id. */
  answerTo(id: number): Promise<LinkAnswer>;
  /** Resolves with the code that it was closed with. */
  readonly closed: Promise<number>;
}

/** The HTTP status that an upgrade is refused with. */
export const refusalOf = async (url: string, authorization: string): Promise<number | undefined> => {
  const socket = new WebSocket(linkUrl(url), { headers: { authorization } });
  socket.on('error', () => undefined);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  socket.terminate();
  return response.statusCode;
};

/** A gateway's end of a link, which says what it is told to. */
export const openLink = async (url: string, token = INTERNAL_TOKEN): Promise<LinkClient> => {
  const socket = new WebSocket(linkUrl(url), { headers: { authorization: `Bearer ${token}` } });
  const answers: LinkAnswer[] = [];
  socket.on('message', (received: RawData) => answers.push(LinkAnswer.parse(JSON.parse(String(received)))));
  const closed = new Promise<number>((resolve) => void socket.on('close', resolve));
  await once(socket, 'open');
  socket.on('error', () => undefined);
  return {
    answers,
    closed,
    say: (frame) => socket.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame)),
    answerTo: (id) => until(`${id} is answered`, () => answers.find((answer) => answer.id === id)),
    [Symbol.asyncDispose]: async () => {
      socket.terminate();
      await closed;
    },
  };
};
