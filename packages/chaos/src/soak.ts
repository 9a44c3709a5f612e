import type { Options } from './options.ts';

export const soak = async (_options: Options, print: (line: string) => void): Promise<number> => {
  print('not yet');
  return 1;
};
