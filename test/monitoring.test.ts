import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { prometheusPrograms } from '@trunkline/backing-services';
import { METRICS } from '@trunkline/docs';
import { createMetrics, type MetricDefinition } from '@trunkline/service-kit';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ROOT } from './repository-root.ts';

const run = promisify(execFile);

const RULES = join(ROOT, 'deploy/prometheus/alerts.yml');
const Dashboard = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).default([]) })),
});
const dashboard = Dashboard.parse(JSON.parse(readFileSync(join(ROOT, 'deploy/grafana/trunkline.json'), 'utf8')));
const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

const { promtool } = await prometheusPrograms((line) => process.stderr.write(`${line}\n`));

/** What promtool says, whether it agrees or not. */
const ask = async (...args: string[]): Promise<{ agrees: boolean; says: string }> => {
  try {
    const { stdout, stderr } = await run(promtool, args);
    return { agrees: true, says: stdout + stderr };
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    return { agrees: false, says: `${stdout}${stderr}` };
  }
};

const inFile = async <Result>(name: string, text: string, use: (file: string) => Promise<Result>): Promise<Result> => {
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-rules-'));
  try {
    writeFileSync(join(folder, name), text);
    return await use(join(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** As what a metric appears in the text format, and so in expressions. */
const seriesOf = ({ name, type }: MetricDefinition): string[] =>
  type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];

const definitions = Object.values(METRICS).flatMap((table) => Object.values(table));
const ofNode = (await createMetrics({}).text()).matchAll(/^# TYPE (\w+)/gm);
const known = new Set([...definitions.flatMap(seriesOf), ...[...ofNode].map(([, name]) => name as string)]);

const namesIn = (text: string): string[] => [...new Set(text.match(/\b(?:trunkline|nodejs|process)_[a-z0-9_]+/g) ?? [])];
/** What nobody watches, and one asks for when something is wrong. */
const FOR_A_CLOSER_LOOK: ReadonlySet<string> = new Set([
  'trunkline_decisions_total',
  'trunkline_http_request_seconds',
  'trunkline_job_seconds',
  'trunkline_session_reports_total',
]);

const alertsIn = (text: string): string[] => [...text.matchAll(/alert: (\w+)/g)].map(([, name]) => name as string);

describe('the alert rules', () => {
  const rules = readFileSync(RULES, 'utf8');
  const tests = readFileSync(join(ROOT, 'deploy/prometheus/alerts.test.yml'), 'utf8');

  it('are rules, to promtool', async () => {
    expect(await ask('check', 'rules', RULES)).toMatchObject({ agrees: true });
    for (const config of ['prometheus.yml', 'compose.yml'])
      expect(await ask('check', 'config', join(ROOT, 'deploy/prometheus', config))).toMatchObject({ agrees: true });
  });

  it('are refused by promtool when they are none', async () => {
    const broken = rules.replace('(sum(trunkline_connections) or', '(sum(trunkline_connections or');
    expect(await inFile('alerts.yml', broken, (file) => ask('check', 'rules', file))).toMatchObject({ agrees: false });
  });

  it('fire for what they are about, and are silent for what only looks like it', async () => {
    expect(await ask('test', 'rules', join(ROOT, 'deploy/prometheus/alerts.test.yml'))).toMatchObject({ agrees: true });
  });

  it.each(alertsIn(rules))('%s has both tests, and a section that says what to do', (alert) => {
    for (const how of ['fires', 'is silent']) expect(tests).toContain(`name: ${alert} ${how}`);
    expect(readFileSync(join(ROOT, 'docs/operations.md'), 'utf8')).toContain(`\n### ${alert}\n`);
    expect(rules).toContain(`operations.md#${alert.toLowerCase()}`);
  });

  it('ask only for metrics that there are', () => {
    expect(namesIn(rules).filter((name) => !known.has(name))).toEqual([]);
    expect(namesIn(tests).filter((name) => !known.has(name))).toEqual([]);
  });
});

describe('the dashboard', () => {
  it('asks only for metrics that there are', () => {
    expect(expressions.flatMap(namesIn).filter((name) => !known.has(name))).toEqual([]);
    expect(expressions.length).toBeGreaterThan(20);
  });

  it('asks in PromQL', async () => {
    const rules = expressions.map((expr, index) => ({ record: `panel:${index}`, expr: expr.replaceAll('$__rate_interval', '5m') }));
    const text = JSON.stringify({ groups: [{ name: 'dashboard', rules }] });
    expect(await inFile('dashboard.yml', text, (file) => ask('check', 'rules', file))).toMatchObject({ agrees: true });
  });

  it('shows every metric of ours, or an alert asks for it', () => {
    const asked = new Set(namesIn(expressions.join('\n') + readFileSync(RULES, 'utf8')));
    const unseen = definitions.filter((definition) => !seriesOf(definition).some((name) => asked.has(name))).map(({ name }) => name);
    expect(unseen.filter((name) => !FOR_A_CLOSER_LOOK.has(name))).toEqual([]);
  });
});

describe.each(Object.entries(METRICS))('the metrics of %s', (_service, table) => {
  it('are named as Prometheus asks', async () => {
    for (const { name, type } of Object.values(table)) {
      if (type === 'counter') expect(name).toMatch(/_total$/);
      else expect(name).not.toMatch(/_total$/);
      if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    }
    const text = await createMetrics(table).text();
    const ours = text
      .split('\n')
      .filter((line) => line.includes('trunkline_'))
      .join('\n');
    expect(
      await inFile('metrics.txt', `${ours}\n`, async (file) => run('sh', ['-c', '"$0" check metrics < "$1"', promtool, file])),
    ).toBeTruthy();
  });

  it('have only labels whose values are words of ours', () => {
    const LABELS = [
      'check',
      'command',
      'dialect',
      'event',
      'kind',
      'limit',
      'method',
      'outcome',
      'provider',
      'queue',
      'reason',
      'route',
      'state',
      'status',
      'type',
    ];
    for (const { labels } of Object.values(table)) for (const label of labels) expect(LABELS).toContain(label);
  });
});
