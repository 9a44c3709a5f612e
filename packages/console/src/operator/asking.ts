import { type Signal, useSignal } from '@preact/signals';
import { useCallback, useEffect, useRef } from 'preact/hooks';

export interface Asking<Answer> {
  readonly answer: Signal<Answer | null>;
  readonly problem: Signal<string | null>;
  readonly isAsking: Signal<boolean>;
  again(): void;
}

/** Asks when `key` changes, and again when it is told to; an answer that a later question overtook is not shown. */
export const useAsking = <Answer>(key: string, ask: () => Promise<Answer>): Asking<Answer> => {
  const answer = useSignal<Answer | null>(null);
  const problem = useSignal<string | null>(null);
  const isAsking = useSignal(false);
  const latest = useRef(0);
  const again = useCallback(() => {
    latest.current += 1;
    const mine = latest.current;
    isAsking.value = true;
    void ask()
      .then((answered) => ({ answered, failed: null }))
      .catch((error: Error) => ({ answered: null, failed: error.message }))
      .then(({ answered, failed }) => {
        if (mine !== latest.current) return;
        isAsking.value = false;
        problem.value = failed;
        if (failed === null) answer.value = answered;
      });
  }, [key]);
  useEffect(() => {
    answer.value = null;
    again();
    return () => {
      latest.current += 1;
    };
  }, [again]);
  return { answer, problem, isAsking, again };
};
