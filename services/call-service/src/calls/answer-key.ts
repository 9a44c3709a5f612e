import { createHash } from 'node:crypto';
import type { CommandEnvelope } from '@trunkline/contract';
import type { DecidedEnvelope } from './world.ts';

const keyed = (
  userId: string,
  kind: 'request' | 'server_request' | 'call' | 'command',
  id: string,
  deviceId: string | null = null,
): string => JSON.stringify(deviceId === null ? [userId, kind, id] : [userId, kind, id, deviceId]);

/**
 * Under which name the answer to a command is kept: the client's `requestId`, else the call id that it brought with a
 * place. Null where a repetition cannot be told from a new command.
 */
export const answerKey = ({ actor, requestId, command, server }: DecidedEnvelope): string | null => {
  // Devices and the app's backend choose their ids without knowing of each other: many count from one.
  if (requestId !== null) return keyed(actor.userId, server === undefined ? 'request' : 'server_request', requestId, actor.deviceId);
  if (command.type === 'place_call' && command.callId !== undefined) return keyed(actor.userId, 'call', command.callId);
  return null;
};

/** The name under which the merged answer of a glare is kept, for a gateway that lost it and asks again. */
export const commandKey = ({ actor, commandId }: CommandEnvelope): string => keyed(actor.userId, 'command', commandId);

/** Same command, same hash: commands are parsed by the contract, so their keys come in one order. */
export const bodyHash = ({ command, server }: DecidedEnvelope): string =>
  createHash('sha256')
    .update(JSON.stringify(server === undefined ? command : [command, server.note]))
    .digest('base64url');
