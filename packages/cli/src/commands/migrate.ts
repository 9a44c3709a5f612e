import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { runServiceProgram } from '../service-program.ts';

const USAGE = `Usage: trunkline migrate [options]

Brings the database at DATABASE_URL to this version's tables, and says which migrations it ran. Migrations only add, so services of
the version before go on working; several may migrate at once, and take turns. It reads the whole configuration of call-service.

Options:
  --status  change nothing: list what has been run and what has not; exit code 1 when something has not`;

export const migrate: Command = {
  name: 'migrate',
  summary: "bring the database to this version's tables",
  usage: USAGE,
  run: async (args, { env, print, printError }) => {
    const { values } = parseArgs({ args: [...args], options: { status: { type: 'boolean', default: false } } });
    const { exitCode, said, complained } = await runServiceProgram('call-service', 'migrate.ts', values.status ? ['--status'] : [], env);
    if (said !== '') print(said);
    if (complained !== '') printError(complained);
    return exitCode;
  },
};
