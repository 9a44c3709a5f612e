import { parseArgs } from 'node:util';
import { httpUrl } from '@trunkline/service-kit';
import { z } from 'zod';
import { columns } from '../columns.ts';
import { type Command, type Environment, UsageError } from '../command.ts';
import { devUrls } from '../dev/dev-urls.ts';
import { examine } from '../doctor/examine.ts';
import type { Finding } from '../doctor/finding.ts';

const USAGE = `Usage: trunkline doctor [options]

Looks at what a deployment stands on, and says what to do: secrets, push providers (FCM, Web Push), PostgreSQL
(DATABASE_URL), Redis (REDIS_URL), their clocks, and whether services are ready. It changes nothing. Exit code 1 when there is a problem.
Whether the services take their other settings: trunkline config check.

Options:
  --service <url>  a service to ask, as often as there are services; outside production, those of pnpm dev where none is given,
                   on the ports that the environment gives it: CALL_SERVICE_PORT, GATEWAY_PORT, NOTIFIER_PORT`;

const Urls = z.array(httpUrl());

const servicesOfDev = (env: Environment): string[] => {
  const { callServices, gateways, notifier } = devUrls(env);
  return [...callServices, ...gateways, notifier];
};

const MARK: Readonly<Record<Finding['level'], string>> = { ok: 'ok', note: 'note', problem: 'PROBLEM' };

/** @throws UsageError naming the problem */
const servicesToAsk = (args: readonly string[], env: Environment): readonly string[] => {
  const { values } = parseArgs({ args: [...args], options: { service: { type: 'string', multiple: true } } });
  const parsed = Urls.safeParse(values.service ?? []);
  if (!parsed.success) throw new UsageError(`service: ${parsed.error.issues[0]?.message}`);
  return parsed.data.length === 0 && env['NODE_ENV'] !== 'production' ? servicesOfDev(env) : parsed.data;
};

const adviceLine = ({ level, about, advice }: Finding): string[] =>
  advice === undefined ? [] : [`${level === 'problem' ? 'To do' : 'Hint'} (${about}): ${advice}`];

const summary = (problems: number): string => (problems === 0 ? 'No problem found.' : `${problems} problem(s).`);

export const doctor: Command = {
  name: 'doctor',
  summary: 'look at what a deployment stands on, and say what to do',
  usage: USAGE,
  run: async (args, { env, print }) => {
    const findings = await examine(env, servicesToAsk(args, env));
    const advice = [...new Set(findings.flatMap(adviceLine))];
    const problems = findings.filter(({ level }) => level === 'problem').length;
    for (const line of columns(findings.map(({ level, about, says }) => [MARK[level], about, says]))) print(line);
    for (const line of ['', ...advice, summary(problems)]) print(line);
    return problems === 0 ? 0 : 1;
  },
};
