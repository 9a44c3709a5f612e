import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import { RepeatedLines } from './repeated-lines.ts';

export type { Logger } from 'pino';

interface LoggedError {
  type: string;
  message?: string;
  stack?: string | undefined;
  code?: string | number;
  cause?: LoggedError;
}

const MAX_CAUSES = 5;

const codeIn = (error: Error): Pick<LoggedError, 'code'> => {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' || typeof code === 'number' ? { code } : {};
};

/** Only what is listed here: libraries hang whole requests on their errors, as ioredis does its command with the password or the event. */
const describeError = (error: unknown, causesLeft = MAX_CAUSES): LoggedError => {
  if (!(error instanceof Error)) return { type: typeof error };
  const { message, stack, cause } = error;
  const described = { type: error.constructor.name, message, stack, ...codeIn(error) };
  return cause === undefined || causesLeft === 0 ? described : { ...described, cause: describeError(cause, causesLeft - 1) };
};

const { warn: WARN } = pino.levels.values as { warn: number };

/** What a line is given: what it is about, if anything, and its text. */
type Given = [about: unknown, text?: unknown, ...values: unknown[]];

const textOf = ([about, text]: Given): string => {
  if (about instanceof Error && text === undefined) return about.message;
  return String(typeof about === 'string' ? about : text);
};

const withLeftOut = (given: Given, leftOut: number): Given => {
  const [about, ...rest] = given;
  if (typeof about === 'string') return [{ leftOut }, ...given];
  if (about instanceof Error) return [{ err: about, leftOut }, textOf(given), ...rest.slice(1)];
  return [{ ...(about as object), leftOut }, ...rest];
};

const errorIn = (about: unknown): unknown => (about instanceof Error ? about : (about as { err?: unknown } | null)?.err);

/** What kind of failure a line tells of: an error that comes without end is not to hide another kind behind the same text. */
const kindOf = (error: unknown): string => (error instanceof Error ? `${error.name} ${codeIn(error).code ?? ''}` : '');

/** Warnings and errors are bounded by their text and kind of error; at `debug` whoever asked for it gets every line. */
const boundRepetition = (): NonNullable<LoggerOptions['hooks']> => {
  const repeated = new RepeatedLines();
  return {
    logMethod(given, write, level) {
      if (level < WARN || this.isLevelEnabled('debug')) return write.apply(this, given);
      const leftOut = repeated.admit(`${textOf(given)} ${kindOf(errorIn(given[0]))}`, performance.now());
      if (leftOut !== null) write.apply(this, leftOut === 0 ? given : (withLeftOut(given, leftOut) as typeof given));
    },
  };
};

/** JSON lines, on standard output where nothing else is said. Nothing that could hold a token (URLs, headers) is ever passed to it. */
export const createLogger = (service: string, level: string, destination?: DestinationStream): Logger =>
  pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => describeError(error) },
      hooks: boundRepetition(),
    },
    destination,
  );
