import {
  type ChatCommand,
  type ChatCommandEnvelope,
  ChatCommandsResponse,
  type ChatReply,
  INTERNAL_PATHS,
  MAX_METADATA_BYTES,
  refusal,
} from '@trunkline/contract';
import type { Logger } from '@trunkline/service-kit';
import type { CallServiceClient } from '../call-service-client.ts';
import { bytesOfText, createReplyBatch, type SendForReply } from '../reply-batch.ts';

/** A command on its way; the attempt is counted by whoever sends it. */
export type OutgoingChatCommand = Omit<ChatCommandEnvelope, 'attempt' | 'wantedForMs'>;

/** What was not answered is a `service_error`. */
export type SendChatCommand = SendForReply<OutgoingChatCommand, ChatReply>;

/** An opened chat is answered with its last messages, half a megabyte at most: so much less go together. */
const OPENED_TOGETHER = { maxItems: 16, maxInFlight: 4, apartMs: 3 };

/** As JSON, with its quotes and its comma. */
const MESSAGE_ID_BYTES = 39;

const bytesOfCommand = (command: ChatCommand): number => {
  if (command.type === 'mark_read') return MESSAGE_ID_BYTES * command.messageIds.length;
  if (command.type !== 'send_message') return 0;
  const { content, attachmentUrl, metadata } = command;
  return bytesOfText(content) + bytesOfText(attachmentUrl) + (metadata === undefined ? 0 : MAX_METADATA_BYTES);
};

/** Commands travel together; those whose answers are large travel by themselves, so that no other waits for them. */
export const createChatCommandSender = (client: CallServiceClient, log: Logger): SendChatCommand => {
  const common = {
    client,
    log,
    path: INTERNAL_PATHS.chatCommands,
    schema: ChatCommandsResponse,
    bytesIn: ({ actor, command }: OutgoingChatCommand) => bytesOfText(actor.avatar) + bytesOfCommand(command),
    about: (commands: readonly OutgoingChatCommand[]) => ({ chatIds: commands.map(({ command }) => command.chatId) }),
    unanswered: { ok: false, error: refusal('service_error') } satisfies ChatReply,
  };
  const together = createReplyBatch<OutgoingChatCommand, ChatReply>(common);
  const opened = createReplyBatch<OutgoingChatCommand, ChatReply>({ ...common, pace: OPENED_TOGETHER });
  return (command, isWanted) => (command.command.type === 'open_chat' ? opened : together)(command, isWanted);
};
