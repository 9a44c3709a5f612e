import { ONE_PRESS_MS } from '@trunkline/backing-services';
import type { Environment } from '../command.ts';
import { watchLaunchers } from './launchers.ts';

const LAUNCHERS_CHECK_MS = 1000;

interface StopRequests extends Disposable {
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP, and when the package manager that started us is gone. */
  readonly signal: AbortSignal;
}

/** A second Ctrl-C, pressed while the stop is under way, calls `onImpatience`. */
export const listenForStop = (env: Environment, onImpatience: () => void): StopRequests => {
  const controller = new AbortController();
  let firstAt: number | null = null;
  const stop = (): void => {
    firstAt ??= performance.now();
    controller.abort(new Error('stopped'));
  };
  const interrupt = (): void => {
    if (firstAt !== null && performance.now() - firstAt > ONE_PRESS_MS) onImpatience();
    else stop();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', stop);
  process.on('SIGHUP', stop);
  const launchersGone = watchLaunchers(env);
  const check = setInterval(() => {
    if (launchersGone()) stop();
  }, LAUNCHERS_CHECK_MS).unref();
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      clearInterval(check);
      process.off('SIGINT', interrupt).off('SIGTERM', stop).off('SIGHUP', stop);
    },
  };
};
