import { setPriority } from 'node:os';
import { type ArmyOrder, raiseArmy } from './army.ts';

// Attackers have machines of their own: here they take what the servers leave.
setPriority(10);

const REPORT_EVERY_MS = 250;

process.once('message', (order: ArmyOrder) => {
  const army = raiseArmy(order);
  const report = (): void => void process.send?.(army.figures());
  const reporting = setInterval(report, REPORT_EVERY_MS);
  process.once('message', async () => {
    clearInterval(reporting);
    await army[Symbol.asyncDispose]();
    report();
    process.disconnect();
  });
});
// Not by `process.exit`, in which Node may wait for its own threads for ever.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
