import { readdirSync, readFileSync } from 'node:fs';

/** The kernel counts CPU time in these, on every Linux. */
const TICK_MICROSECONDS = 10_000;

interface ProcessStat {
  parent: number;
  /** Microseconds in user and kernel mode. */
  own: number;
  /** The same of children that have ended. */
  ofEndedChildren: number;
}

/** Null: there is no such process, or no `/proc`. */
const statOf = (pid: number): ProcessStat | null => {
  try {
    // The name, in brackets, can hold anything: the fields begin after the last bracket.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    const ticks = (first: number): number => (Number(fields[first]) + Number(fields[first + 1])) * TICK_MICROSECONDS;
    return { parent: Number(fields[1]), own: ticks(11), ofEndedChildren: ticks(13) };
  } catch {
    return null;
  }
};

/** Microseconds of CPU that a process has used; null where that cannot be read. */
export const cpuOf = (pid: number): number | null => statOf(pid)?.own ?? null;

/** Microseconds that all cores together were busy since the machine started; null where that cannot be read. */
export const cpuOfMachine = (): number | null => {
  try {
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (/^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '')
      .split(' ')
      .map(Number);
    return (user + nice + system + irq + softirq) * TICK_MICROSECONDS;
  } catch {
    return null;
  }
};

/** Of a process, its children, and those of them that have ended. */
export const cpuOfFamily = (pid: number): number | null => {
  const parent = statOf(pid);
  if (parent === null) return null;
  let total = parent.own + parent.ofEndedChildren;
  for (const name of readdirSync('/proc')) {
    const child = /^\d+$/.test(name) ? statOf(Number(name)) : null;
    if (child?.parent === pid) total += child.own;
  }
  return total;
};

/** Kibibytes of memory that a process holds; null where that cannot be read. */
export const residentKilobytes = (pid: number): number | null => {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN);
  } catch {
    return null;
  }
};
