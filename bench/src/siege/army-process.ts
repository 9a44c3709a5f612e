import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ArmyOrder, AttackFigures } from './army.ts';

/** An army in a process of its own: what it does must not slow those who measure. */
export interface ArmyProcess extends AsyncDisposable {
  /** As of a moment ago. */
  readonly figures: readonly AttackFigures[];
  readonly hasEnded: boolean;
}

const RETREAT_WITHIN_MS = 5000;

export const sendArmy = (order: ArmyOrder): ArmyProcess => {
  const child = fork(join(import.meta.dirname, 'army-main.ts'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ended = once(child, 'exit');
  let figures: readonly AttackFigures[] = [];
  child.on('message', (reported) => {
    figures = reported as AttackFigures[];
  });
  child.send(order);
  return {
    get figures() {
      return figures;
    },
    get hasEnded() {
      return child.exitCode !== null;
    },
    async [Symbol.asyncDispose]() {
      if (child.connected) child.send('stop');
      const killer = setTimeout(() => child.kill('SIGKILL'), RETREAT_WITHIN_MS);
      await ended;
      clearTimeout(killer);
    },
  };
};
