import { Agent, request } from 'undici';

/** More of an answer than this is not read. */
const MAX_ANSWER_BYTES = 16_384;

export interface PostAnswer {
  status: number;
  /** Null where it was too long, or broke off. */
  text: string | null;
}

/** Posts a signed body over kept connections. A redirect is an answer like any other. */
export interface SignedPost extends AsyncDisposable {
  /** @throws when no answer came in time, or `signal` was aborted */
  send(headers: Readonly<Record<string, string>>, body: string, signal?: AbortSignal): Promise<PostAnswer>;
}

export interface SignedPostOptions {
  url: string;
  connections: number;
  timeoutMs: number;
}

const readUpTo = async (chunks: AsyncIterable<Uint8Array>): Promise<string | null> => {
  const read: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      // Leaving the loop closes the connection: whoever sends without an end does not keep it.
      if (bytes > MAX_ANSWER_BYTES) return null;
      read.push(chunk);
    }
  } catch {
    return null;
  }
  return Buffer.concat(read).toString();
};

export const createSignedPost = ({ url, connections, timeoutMs }: SignedPostOptions): SignedPost => {
  const dispatcher = new Agent({ connections, connect: { timeout: timeoutMs } });
  return {
    send: async (headers, body, signal) => {
      const timeout = AbortSignal.timeout(timeoutMs);
      const within = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
      const answer = await request(url, { method: 'POST', headers, body, signal: within, dispatcher });
      return { status: answer.statusCode, text: await readUpTo(answer.body) };
    },
    [Symbol.asyncDispose]: () => dispatcher.destroy(),
  };
};
