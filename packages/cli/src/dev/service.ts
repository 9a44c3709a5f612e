import { setTimeout as pause } from 'node:timers/promises';
import type { Child, ChildSpec, StartChild } from './child-process.ts';
import { waitUntilReady } from './readiness.ts';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

export interface ServiceSpec extends Omit<ChildSpec, 'env'> {
  port: number;
  /** Made anew for every start: what names one run of a service must not name the next. */
  env(): Readonly<Record<string, string>>;
}

interface Launch {
  startChild: StartChild;
  /** Aborting it gives a start up. */
  stop: AbortSignal;
}

const startOnce = async (spec: ServiceSpec, { startChild, stop }: Launch): Promise<Child> => {
  let ready = false;
  // Should it not get ready, its last lines are told, and these would be in them.
  const complain = (text: string): void => {
    if (ready) spec.complain(text);
  };
  const child = startChild({ ...spec, env: spec.env(), complain });
  try {
    await waitUntilReady(spec.name, spec.port, { child, stop });
    ready = true;
    return child;
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
};

/** Null when `stop` is aborted before it runs again. */
const startAgain = async (spec: ServiceSpec, launch: Launch): Promise<Child | null> => {
  const { stop } = launch;
  for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
    try {
      await pause(wait, undefined, { signal: stop });
      return await startOnce(spec, launch);
    } catch (error) {
      if (stop.aborted) return null;
      spec.complain(error instanceof Error ? error.message : String(error));
    }
  }
};

/**
 * Resolves when the service is ready; rejects when it does not get there the first time. Later it is started again whenever it ends by
 * itself, as an orchestrator would.
 */
const startService = async (spec: ServiceSpec, { startChild, stop: aborted }: Launch): Promise<AsyncDisposable> => {
  const stopping = new AbortController();
  const stop = AbortSignal.any([aborted, stopping.signal]);
  const launch = { startChild, stop };
  let child: Child | null = await startOnce(spec, launch);
  const keepRunning = async (): Promise<void> => {
    while (child !== null) {
      const how = await child.ended;
      if (stop.aborted) return;
      spec.complain(`ended ${how}; starting it again`);
      child = await startAgain(spec, launch);
      // Who stopped it meanwhile stopped the one before.
      if (stop.aborted) await child?.[Symbol.asyncDispose]();
    }
  };
  const running = keepRunning();
  return {
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await child?.[Symbol.asyncDispose]();
      await running;
    },
  };
};

/** Starts some together, all or none, and stops them together. */
export const startServices = async (specs: readonly ServiceSpec[], launch: Launch): Promise<AsyncDisposable> => {
  const results = await Promise.allSettled(specs.map((spec) => startService(spec, launch)));
  const services = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const stopAll = async (): Promise<void> => void (await Promise.all(services.map((service) => service[Symbol.asyncDispose]())));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed === undefined) return { [Symbol.asyncDispose]: stopAll };
  await stopAll();
  throw failed.reason;
};
