import type { Evidence } from './judge/evidence.ts';
import type { Verdict } from './judge/verdict.ts';

const BREACHES_SHOWN = 3;

const column = (texts: readonly string[]): number => Math.max(...texts.map((text) => text.length));

/** The table of promises, as Markdown, so that it can be kept as it is. */
export const promiseTable = (verdicts: readonly Verdict[]): string[] => {
  const rows = [
    ['promise', 'what it says', 'looked at', 'broken', 'measured'],
    ...verdicts.map(({ promise, says, checked, breaches, figure }) => [
      promise,
      says,
      String(checked),
      String(breaches.length),
      figure ?? '',
    ]),
  ];
  const widths = [0, 1, 2, 3, 4].map((index) => column(rows.map((row) => row[index] ?? '')));
  const line = (row: readonly string[]): string => `| ${row.map((text, index) => text.padEnd(widths[index] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...body.map(line)];
};

/** How often each of the faults happened that could. */
export const faultTable = (names: readonly string[], { faults }: Evidence): string[] => {
  if (names.length === 0 && faults.length === 0) return ['no faults'];
  const each = [...new Set([...names, ...faults.map(({ name }) => name)])];
  const counts = each.map((name) => `${name} ${faults.filter((fault) => fault.name === name).length}`);
  return [`${faults.length} faults: ${counts.join(', ')}`];
};

const FAULTS_SHOWN = 6;

/** Under which faults a delay was longest. */
const slowestFaults = ({ byFault = [] }: Verdict): string[] =>
  byFault.slice(0, FAULTS_SHOWN).map(({ fault, count, p99Ms, mostMs }) => `  ${fault}: ${count}, p99 ${p99Ms} ms, most ${mostMs} ms`);

/** The calls concerned, shortened to what their people did and heard and the faults meanwhile. */
export const breachReport = (verdicts: readonly Verdict[], { stories, rows, traces, faults }: Evidence): string[] =>
  verdicts.flatMap((verdict) =>
    verdict.breaches.slice(0, BREACHES_SHOWN).flatMap(({ callId, what }) => {
      const story = stories.find((each) => each.callId === callId);
      const head = [`${verdict.promise} is broken: ${what}`, ...slowestFaults(verdict)];
      if (story === undefined) return head;
      const endAt = Math.max(story.begunAt, ...story.heard.map(({ at }) => at), ...story.answers.map(({ at }) => at)) + 1000;
      const meanwhile = faults
        .filter(({ beganAt, endedAt }) => beganAt < endAt && (endedAt ?? endAt) > story.begunAt - 1000)
        .flatMap(({ name, beganAt, endedAt }) => [
          { at: beganAt, text: `-- ${name} begins` },
          ...(endedAt === null ? [] : [{ at: endedAt, text: `-- ${name} is over` }]),
        ]);
      const row = rows.get(story.callId);
      return [
        ...head,
        `  call ${story.callId} (${story.play}); the database has ${row === undefined ? 'no such call' : row.state}, its trace: ${traces.get(story.callId)?.join(', ') ?? 'none'}`,
        ...story.lines(meanwhile).map((text) => `  ${text}`),
      ];
    }),
  );
