import { readFileSync } from 'node:fs';
import { parseArgs, parseEnv } from 'node:util';
import { z } from 'zod';
import { type Command, type Environment, UsageError } from '../command.ts';
import { judgeNodeEnv } from '../doctor/judge-node-env.ts';
import { runServiceProgram, SERVICE_NAMES } from '../service-program.ts';

const USAGE = `Usage: trunkline config check [options]

Says whether each service would start with this environment, and names everything that is wrong with it at once. Nothing is started,
nothing is connected to. Exit code 2 when something is wrong; a NODE_ENV that only looks like production is warned of. What the settings
are: docs/configuration.md.

Options:
  --service <name>   ${SERVICE_NAMES.join(', ')}; as often as wanted, all of them where none is given
  --settings <file>  settings as NAME=value, which count before those of the environment`;

const Services = z.array(z.enum(SERVICE_NAMES));

const fromFile = (file: string): Environment => {
  try {
    return parseEnv(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`settings: ${error instanceof Error ? error.message : error}`);
  }
};

/** @throws UsageError naming the problem */
const parseOptions = (args: readonly string[]) => {
  // As --env-file it may be lost: Node takes that for its own wherever it stands, that of npx too.
  const options = { service: { type: 'string', multiple: true }, settings: { type: 'string' }, 'env-file': { type: 'string' } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  if (positionals.join(' ') !== 'check') throw new UsageError(`What about the configuration? There is "config check".`);
  const services = Services.safeParse(values.service ?? [...SERVICE_NAMES]);
  if (!services.success) throw new UsageError(`service: ${services.error.issues[0]?.message}`);
  const file = values.settings ?? values['env-file'];
  return { services: services.data, settings: file === undefined ? {} : fromFile(file) };
};

export const config: Command = {
  name: 'config',
  summary: 'say whether the services would start with this environment',
  usage: USAGE,
  run: async (args, { env, print }) => {
    const { services, settings } = parseOptions(args);
    const given = { ...env, ...settings };
    for (const { says, advice } of judgeNodeEnv(given)) print(`Warning: ${says}. ${advice}`);
    const checks = services.map((service) => runServiceProgram(service, 'main.ts', ['--check-config'], given));
    const ended = await Promise.all(checks);
    for (const [index, { exitCode, said, complained }] of ended.entries())
      print(`${services[index]}: ${exitCode === 0 ? said : complained}`);
    return ended.every(({ exitCode }) => exitCode === 0) ? 0 : 2;
  },
};
