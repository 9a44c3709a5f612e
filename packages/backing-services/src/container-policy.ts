import type { BackingServerOptions } from './backing-server.ts';

/** `first`: where Docker answers; `only`: fail rather than do without; `fallback`: after what needs no Docker; `never`. */
export type ContainerPolicy = 'first' | 'only' | 'fallback' | 'never';

const POLICY_OF_TESTS: ReadonlyMap<string, ContainerPolicy> = new Map([
  ['', 'first'],
  ['testcontainers', 'only'],
  ['embedded', 'never'],
]);

/** Whether a server may run in a container: kept data never go into one by choice. */
export const containerPolicy = ({ env, dataFolder }: Pick<BackingServerOptions, 'env' | 'dataFolder'>): ContainerPolicy => {
  if (dataFolder !== null) return 'fallback';
  const policy = POLICY_OF_TESTS.get(env.TEST_BACKENDS ?? '');
  if (policy === undefined) throw new Error(`TEST_BACKENDS is "${env.TEST_BACKENDS}"; it can be "testcontainers", "embedded", or unset`);
  return policy;
};
