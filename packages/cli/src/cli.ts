import { ConfigError } from '@trunkline/service-kit';
import { type Command, type CommandContext, UsageError } from './command.ts';
import { dev } from './commands/dev.ts';
import { doctor } from './commands/doctor.ts';
import { keys } from './commands/keys.ts';
import { latency } from './commands/latency.ts';
import { pushes } from './commands/pushes.ts';
import { token } from './commands/token.ts';
import { trace } from './commands/trace.ts';
import { vapid } from './commands/vapid.ts';
import { webhook } from './commands/webhook.ts';

const COMMANDS: ReadonlyMap<string, Command> = new Map(
  [dev, doctor, keys, latency, pushes, token, trace, vapid, webhook].map((command) => [command.name, command]),
);

const USAGE = `Usage: trunkline <command> [options]

Commands:
${[...COMMANDS.values()].map(({ name, summary }) => `  ${name.padEnd(9)}${summary}`).join('\n')}

trunkline <command> --help tells more about a command.`;

const HELP = new Set(['--help', '-h', 'help']);

const isUsageProblem = (error: unknown): error is Error =>
  error instanceof UsageError || (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));

/** Runs a command and resolves with the exit code: 2 for what makes no sense, 1 for what did not work. */
export const runCli = async ([name, ...args]: readonly string[], context: CommandContext): Promise<number> => {
  if (name !== undefined && HELP.has(name)) {
    context.print(USAGE);
    return 0;
  }
  const command = COMMANDS.get(name ?? '');
  if (command === undefined) {
    context.printError(name === undefined ? USAGE : `There is no command "${name}".\n\n${USAGE}`);
    return 2;
  }
  if (args.includes('--help') || args.includes('-h')) {
    context.print(command.usage);
    return 0;
  }
  return runCommand(command, args, context);
};

const runCommand = async (command: Command, args: readonly string[], context: CommandContext): Promise<number> => {
  try {
    return await command.run(args, context);
  } catch (error) {
    if (isUsageProblem(error)) {
      context.printError(`${error.message}\n\n${command.usage}`);
      return 2;
    }
    context.printError(`trunkline ${command.name}: ${error instanceof Error ? error.message : error}`);
    return error instanceof ConfigError ? 2 : 1;
  }
};
