import { randomUUID } from 'node:crypto';
import type { CommandReply } from '@trunkline/contract';
import type { RunningCallService } from './running-call-service.ts';

interface Said {
  sessionId?: string;
  requestId?: string;
}

/** A command as a gateway sends it to the internal door. */
export const envelope = (userId: string, command: { type: string } & Record<string, unknown>, { sessionId, requestId }: Said = {}) => ({
  commandId: randomUUID(),
  attempt: 1,
  actor: { userId, name: null, avatar: null, role: null, deviceId: null, sessionId: sessionId ?? null },
  command,
  mintedCallId: command.type === 'place_call' ? randomUUID() : null,
  requestId: requestId ?? null,
  wantsAnswer: true,
  dialect: 'test',
});

export const place = (userId: string, calleeId: string, { callId, ...said }: Said & { callId?: string } = {}) =>
  envelope(userId, { type: 'place_call', calleeId, ...(callId === undefined ? {} : { callId }) }, said);

/** Sends commands in one request, and gives their replies in order. */
export const send = async (service: RunningCallService, ...commands: readonly object[]): Promise<CommandReply[]> => {
  const response = await service.post('commands', { commands });
  return ((await response.json()) as { replies: CommandReply[] }).replies;
};
