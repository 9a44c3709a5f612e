import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { ERRORS, type ErrorCode, INTERNAL_PATHS, LINK_PATHS, type LinkAnswer, LinkRequest, refusal } from '@trunkline/contract';
import { type Logger, refuseUpgrade, writeTogether } from '@trunkline/service-kit';
import { WebSocket, WebSocketServer } from 'ws';
import { callOfError } from '../calls/decider.ts';
import type { CountAnswer } from '../metrics/count-requests.ts';
import type { InternalOperation } from './internal-operations.ts';
import type { KnowsToken } from './internal-token.ts';

export interface InternalLinksOptions {
  /** Of a server that takes upgrades to the path of links, and no other. */
  server: Server;
  knowsToken: KnowsToken;
  operations: ReadonlyMap<string, InternalOperation>;
  logger: Logger;
  countAnswer: CountAnswer;
  /** How long what is under way, and the farewell, may take when it is disposed of. */
  finishWithinMs?: number;
}

const MAX_FRAME_BYTES = 4 * 1024 * 1024;
/** In characters, of three bytes at most: a frame of more than 100 MiB ends a gateway's link, and all that is under way on it. */
const MAX_ANSWER_LENGTH = 32 * 1024 * 1024;
/** Of one link, counted until the answer was given to the network. A gateway has 64 places under way at most, on a link of their own. */
const MAX_UNDER_WAY = 128;
const FINISH_WITHIN_MS = 5000;
/** The kernel asks after a quiet peer, so that the link of a host that is gone does not stay. */
const KEEP_ALIVE_MS = 30_000;

const GOING_AWAY = 1001;
const NOT_A_REQUEST = 1007;
/** 503 says that this link takes no more: its call-service stops. */
const STOPPING = 503;
/** Asked elsewhere, it would be answered alike. */
const TOO_LARGE = 413;

const readRequest = (text: string): LinkRequest | null => {
  try {
    return LinkRequest.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
};

const refused = (code: ErrorCode, status: number = ERRORS[code].http) => ({ status, body: { error: refusal(code) } });

/** One gateway's link. */
class Link {
  readonly #socket: WebSocket;
  /** What the socket writes to. */
  readonly #stream: Duplex;
  readonly #options: InternalLinksOptions;
  #underWay = 0;
  #isLeaving = false;

  /** `from`: the address of who opened it, for the log. */
  constructor(socket: WebSocket, stream: Duplex, from: string | undefined, options: InternalLinksOptions) {
    this.#socket = socket;
    this.#stream = stream;
    this.#options = options;
    socket.on('message', (received, isBinary) => {
      // What comes after our close is not taken: the gateway asks elsewhere.
      if (socket.readyState !== WebSocket.OPEN) return;
      const request = isBinary ? null : readRequest(String(received));
      if (request !== null) return void this.#take(request);
      options.logger.warn({ from }, 'a link said what is no request');
      socket.close(NOT_A_REQUEST, 'not a request');
    });
    // It closes itself, with the code that says why: 1009 for a frame that is too large.
    socket.on('error', (error) => options.logger.warn({ err: error, from }, 'a link broke'));
  }

  /** Answers what is under way, takes nothing more, and closes. */
  leave(): void {
    this.#isLeaving = true;
    this.#closeWhenIdle();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  async #take({ id, path, body }: LinkRequest): Promise<void> {
    this.#underWay += 1;
    const answer: LinkAnswer = { id, ...(await this.#answer(path, body)) };
    // A commit answers what came in several requests.
    writeTogether(this.#stream);
    this.#socket.send(this.#frameOf(answer, path), () => {
      this.#underWay -= 1;
      this.#closeWhenIdle();
    });
  }

  #frameOf(answer: LinkAnswer, path: string): string {
    const frame = JSON.stringify(answer);
    if (frame.length <= MAX_ANSWER_LENGTH) return frame;
    this.#options.logger.error({ route: path, length: frame.length }, 'an answer is too large for a link');
    return JSON.stringify({ id: answer.id, ...refused('service_error', TOO_LARGE) });
  }

  async #answer(path: string, body: unknown): Promise<Omit<LinkAnswer, 'id'>> {
    if (this.#isLeaving) return refused('service_error', STOPPING);
    if (this.#underWay > MAX_UNDER_WAY) return refused('rate_limited');
    const operation = LINK_PATHS.has(path) ? this.#options.operations.get(path) : undefined;
    if (operation === undefined) return refused('not_found');
    const arrivedAt = performance.now();
    const answer = await this.#run(operation, path, body);
    this.#options.countAnswer({ method: 'LINK', route: path, status: answer.status, arrivedAt });
    return answer;
  }

  async #run(operation: InternalOperation, path: string, body: unknown): Promise<Omit<LinkAnswer, 'id'>> {
    try {
      return await operation(body);
    } catch (error) {
      this.#options.logger.error({ err: error, route: path, ...callOfError(error) }, 'a request failed');
      return refused('service_error');
    }
  }

  #closeWhenIdle(): void {
    if (this.#isLeaving && this.#underWay === 0) this.#socket.close(GOING_AWAY, 'stopping');
  }
}

/** Takes gateways' links (decision 15). Disposing answers what is under way within five seconds, closes every link and takes no other. */
export const startInternalLinks = (options: InternalLinksOptions): AsyncDisposable => {
  const { server, knowsToken, finishWithinMs = FINISH_WITHIN_MS } = options;
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  const links = new Set<Link>();
  let isStopping = false;
  let onEmpty = (): void => undefined;

  server.on('upgrade', (request, stream, head) => {
    if (!knowsToken(request.headers.authorization)) return refuseUpgrade(stream, ERRORS.unauthenticated.http);
    if (isStopping) return refuseUpgrade(stream, STOPPING);
    request.socket.setKeepAlive(true, KEEP_ALIVE_MS);
    webSockets.handleUpgrade(request, stream, head, (socket) => {
      const link = new Link(socket, stream, request.socket.remoteAddress, options);
      links.add(link);
      socket.on('close', () => {
        links.delete(link);
        if (links.size === 0) onEmpty();
      });
    });
  });

  return {
    async [Symbol.asyncDispose]() {
      isStopping = true;
      if (links.size === 0) return;
      const gone = new Promise<void>((resolve) => {
        onEmpty = resolve;
      });
      const cut = setTimeout(() => {
        for (const link of links) link.terminate();
      }, finishWithinMs);
      for (const link of links) link.leave();
      await gone;
      clearTimeout(cut);
    },
  };
};

export const takesLink = ({ url }: { url?: string | undefined }): boolean => url === INTERNAL_PATHS.link;
