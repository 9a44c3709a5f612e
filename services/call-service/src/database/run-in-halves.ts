import { isAboutTheData, isWorthRepeating } from './database.ts';

export interface HalvingOptions<Input, Reply> {
  /** One transaction for all inputs, with one reply each, in order. */
  commit(inputs: Input[]): Promise<Reply[]>;
  /** The reply to an input that could not be decided. */
  refused(): Reply;
  onRefused(error: unknown, inputs: readonly Input[]): void;
}

const REPETITIONS = 3;

/** A batch that the database refuses is tried in halves, so that only the poisonous input fails. Never rejects. */
export const runInHalves = <Input, Reply>({ commit, refused, onRefused }: HalvingOptions<Input, Reply>) => {
  const commitRepeatedly = async (inputs: Input[]): Promise<Reply[]> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await commit(inputs);
      } catch (error) {
        if (attempt >= REPETITIONS || !isWorthRepeating(error)) throw error;
      }
    }
  };

  const run = async (inputs: Input[]): Promise<Reply[]> => {
    try {
      return await commitRepeatedly(inputs);
    } catch (error) {
      if (inputs.length > 1 && isAboutTheData(error)) {
        const middle = inputs.length >> 1;
        return [...(await run(inputs.slice(0, middle))), ...(await run(inputs.slice(middle)))];
      }
      onRefused(error, inputs);
      return inputs.map(refused);
    }
  };
  return run;
};
