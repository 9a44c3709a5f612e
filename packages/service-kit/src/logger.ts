import { type DestinationStream, type Logger, pino } from 'pino';

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

/** JSON lines, on standard output where nothing else is said. Nothing that could hold a token (URLs, headers) is ever passed to it. */
export const createLogger = (service: string, level: string, destination?: DestinationStream): Logger =>
  pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => describeError(error) },
    },
    destination,
  );
