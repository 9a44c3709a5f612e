import { vi } from 'vitest';
import type { Asked, Line } from '../src/line.ts';
import type { Ack } from '../src/wire.ts';

export interface Sent {
  readonly word: string;
  readonly body: object;
  answer(ack: Ack): Promise<void>;
  miss(kind: 'silence' | 'lost'): Promise<void>;
}

/** A connection that writes down what goes out, and answers when it is told to. For tests with a false clock. */
export const startLine = () => {
  const sent: Sent[] = [];
  const line: Line = {
    ask: <Answer>(word: string, body: object) =>
      new Promise<Asked<Answer>>((resolve) => {
        const settle = async (asked: Asked<unknown>): Promise<void> => {
          resolve(asked as Asked<Answer>);
          await vi.advanceTimersByTimeAsync(0);
        };
        sent.push({ word, body, answer: (answer) => settle({ kind: 'answered', answer }), miss: (kind) => settle({ kind }) });
      }),
  };
  return { line, sent };
};
