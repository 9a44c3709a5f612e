import type { Socket } from 'socket.io-client';

/** What became of one frame: its answer; silence; or the connection was lost before one came. */
export type Asked<Answer> = { readonly kind: 'answered'; readonly answer: Answer } | { readonly kind: 'silence' | 'lost' };

/** A connected namespace, to ask something of. */
export interface Line {
  /** MUST resolve, within `timeoutMs`. */
  ask<Answer>(word: string, body: object, timeoutMs: number): Promise<Asked<Answer>>;
}

export const lineOn = (socket: Socket): Line => ({
  ask: <Answer>(word: string, body: object, timeoutMs: number) =>
    new Promise<Asked<Answer>>((resolve) => {
      socket.timeout(timeoutMs).emit(word, body, (error: Error | null, answer: Answer) => {
        if (error === null) resolve({ kind: 'answered', answer });
        else resolve({ kind: socket.connected ? 'silence' : 'lost' });
      });
    }),
});
