import { ChatId } from '@trunkline/contract';
import { ChatDeliverer, type OpenedChat } from '../src/chat/chat-deliverer.ts';
import type { ChatTelling } from '../src/dialects/otsy.ts';
import { aMessage, CHAT, SHOPPER, sent, USER } from './chat-event.ts';

export const chatId = ChatId.parse(CHAT);
const LAST = 50;

/** A session with the chat as call-service has it. The test decides when, and what, call-service answers. */
export const createSession = () => {
  const told: ChatTelling[] = [];
  /** With what the chat was when it was asked for. */
  const reads: (((opened: OpenedChat | 'refused' | 'unanswered') => void) & { asked: OpenedChat })[] = [];
  const chat = { committed: 0, awaited: false, unsure: false };
  const deliverer = new ChatDeliverer({
    tell: (telling) => told.push(telling),
    read: () => new Promise((resolve) => reads.push(Object.assign(resolve, { asked: opened() }))),
    awaits: () => chat.awaited,
    isUnsure: () => chat.unsure,
  });
  const opened = (): OpenedChat => {
    const seqs = Array.from({ length: chat.committed }, (_, index) => index + 1).slice(-LAST);
    const messages = seqs.map((seq) => sent(seq)).map((event) => (event.type === 'message_sent' ? event.message : aMessage()));
    return { type: 'chat', chatId, members: [USER, SHOPPER], messages };
  };
  const answerReads = async (): Promise<void> => {
    while (reads.length > 0) {
      reads.shift()?.(opened());
      await settle();
    }
  };
  return { deliverer, told, reads, chat, opened, answerReads };
};

/** Everything that was resolved has had its say. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

export const seqsOf = (told: readonly ChatTelling[]): number[] =>
  told.flatMap((telling) => {
    if (telling.type === 'message_sent') return [telling.message.seq];
    return telling.type === 'history' ? telling.messages.map(({ seq }) => seq) : [];
  });
