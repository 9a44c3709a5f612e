export type Environment = Readonly<Record<string, string | undefined>>;

export interface CommandContext {
  env: Environment;
  print(line: string): void;
  printError(line: string): void;
  /** Ends a command that goes on by itself; Ctrl-C ends the process. */
  signal?: AbortSignal;
}

export interface Command {
  name: string;
  summary: string;
  usage: string;
  /** Resolves with the exit code. */
  run(args: readonly string[], context: CommandContext): Promise<number>;
}

/** What was asked for makes no sense; shown with the command's usage, exit code 2. */
export class UsageError extends Error {}
