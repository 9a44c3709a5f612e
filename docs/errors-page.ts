import { CLOSE_CODES, ERRORS, mayReconnect } from '@trunkline/contract';
import { code, table } from './table.ts';

const errors = (): string =>
  table(
    ['code', 'HTTP', 'the same request may succeed later', 'message'],
    Object.entries(ERRORS).map(([name, { http, retryable, message }]) => [code(name), String(http), retryable ? 'yes' : 'no', message]),
  );

const closeCodes = (): string =>
  table(
    ['close code', 'name', 'reconnect', 'reason'],
    Object.entries(CLOSE_CODES).map(([name, closing]) => [
      String(closing.code),
      code(name),
      mayReconnect(closing.code) ? 'yes' : 'no',
      closing.message,
    ]),
  );

export const errorsPage = (): string => `# Errors

Generated from \`packages/contract\` by \`pnpm docs:generate\`; a test fails when it is stale.

An error refuses one request and never closes the connection. Over REST it comes with its HTTP status and its code in the header
\`x-error-code\`, over a socket in the dialect's own error frame or ack. A message may say more than the one below; programs go by the code.

${errors()}
## Close codes

A gateway closes a WebSocket with one of these. 4000–4499: reconnect, with jitter. 4500–4999: not before something has changed.

${closeCodes()}`;
