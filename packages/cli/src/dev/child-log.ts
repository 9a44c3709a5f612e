import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

const LINES_KEPT = 20;
const SERIOUS = new Set(['error', 'fatal']);

interface ChildLog extends Disposable {
  /** For when the process ends unexpectedly: the last lines, whatever their level. */
  lastLines(): readonly string[];
}

const parseRecord = (line: string): Record<string, unknown> | null => {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : null;
  } catch {
    return null;
  }
};

/** What of a line belongs on the terminal: an error's text, a complaint that is no log record, or nothing. */
export const complaintIn = (line: string, stream: 'stdout' | 'stderr'): string | null => {
  const record = parseRecord(line);
  if (record === null) return stream === 'stderr' && line.trim() !== '' ? line : null;
  if (!SERIOUS.has(String(record['level']))) return null;
  const { msg, err } = record as { msg?: string; err?: { message?: string } };
  const parts = [msg, err?.message].filter((part) => part);
  return parts.length === 0 ? line : [...new Set(parts)].join(': ');
};

/** Writes what a process says to its file, and its complaints to the terminal. */
export const logChild = (
  { stdout, stderr }: { stdout: Readable; stderr: Readable },
  { file, complain }: { file: string; complain(text: string): void },
): ChildLog => {
  const kept: string[] = [];
  const target = createWriteStream(file, { flags: 'a' });
  target.on('error', (error) => complain(`its log cannot be written: ${error.message}`));
  for (const [name, stream] of [['stdout', stdout] as const, ['stderr', stderr] as const]) {
    createInterface({ input: stream }).on('line', (line) => {
      target.write(`${line}\n`);
      kept.push(line);
      if (kept.length > LINES_KEPT) kept.shift();
      const complaint = complaintIn(line, name);
      if (complaint !== null) complain(complaint);
    });
  }
  return { lastLines: () => kept, [Symbol.dispose]: () => void target.end() };
};
