import type { ChatReply } from '@trunkline/contract';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { askAll, BETWEEN, commandOf, openChat, startChatService } from './chat-door.ts';
import { type RunningCallService, startSecondCallService } from './running-call-service.ts';

type Person = 'ann' | 'sho';
type Step = { who: Person; what: 'send'; name: number } | { who: Person; what: 'read'; which: number[] };

const who = fc.constantFrom<Person>('ann', 'sho');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ who, what: fc.constant('send' as const), name: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ who, what: fc.constant('read' as const), which: fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 6 }) }),
);
/** The steps of a round race each other; a round begins when the one before is over. */
const rounds = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 6 });

interface Known {
  id: string;
  sender: string;
}

/** What a chat must look like: who sent which messages, and what each has read. */
class Model {
  readonly chatId: string;
  readonly read = new Set<string>();
  messages: readonly Known[] = [];

  constructor(chatId: string) {
    this.chatId = chatId;
  }

  commandFor(each: Step): object | null {
    if (each.what === 'send') {
      const clientMessageId = `name-${each.name}`;
      return commandOf(each.who, { type: 'send_message', chatId: this.chatId, content: 'x', messageType: 'text', clientMessageId });
    }
    const named = each.which.flatMap((index) => this.messages[index] ?? []);
    for (const { id, sender } of named) if (sender !== each.who) this.read.add(id);
    const messageIds = named.map(({ id }) => id);
    return messageIds.length === 0 ? null : commandOf(each.who, { type: 'mark_read', chatId: this.chatId, messageIds });
  }

  learn(replies: readonly (ChatReply | undefined)[]): void {
    const known = new Map(this.messages.map((message) => [message.id, message]));
    for (const reply of replies) {
      if (reply?.ok !== true) throw new Error(`refused: ${JSON.stringify(reply)}`);
      if (reply.result.type !== 'message') continue;
      const { id, senderId } = reply.result.message;
      known.set(id, { id, sender: senderId });
    }
    this.messages = [...known.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  unread(): object[] {
    const countFor = (userId: Person) => this.messages.filter(({ id, sender }) => sender !== userId && !this.read.has(id)).length;
    return (['ann', 'sho'] as const).map((userId) => ({ user_id: userId, unread_count: countFor(userId) }));
  }
}

/** Each command goes through both services, as if its first answer had been lost. */
const race = async (services: readonly [RunningCallService, RunningCallService], commands: readonly object[]) => {
  const [first, second] = services;
  const replies = await Promise.all([
    ...commands.map((command, index) => askAll(index % 2 === 0 ? first : second, [command])),
    ...commands.map((command) => askAll(second, [{ ...command, attempt: 2 }])),
  ]);
  return replies.map(([reply]) => reply);
};

const UNREAD = 'SELECT user_id, unread_count FROM chat_members WHERE chat_id = $1 ORDER BY user_id';

it('unread counts are right after any interleaving of sends, retries and read marks', async () => {
  await using first = await startChatService();
  await using second = await startSecondCallService(first, { LIMIT_MESSAGES_PER_MINUTE: '0' });
  let order = 0;
  const property = fc.asyncProperty(rounds, async (all) => {
    order += 1;
    const model = new Model(await openChat(first, { ...BETWEEN, order_id: `order-${order}` }));
    for (const round of all) {
      const commands = round.flatMap((each) => model.commandFor(each) ?? []);
      model.learn(await race([first, second], commands));
      expect(await first.database.query(UNREAD, [model.chatId])).toEqual(model.unread());
    }
    const rows = await first.database.query('SELECT seq, id FROM messages WHERE chat_id = $1 ORDER BY seq', [model.chatId]);
    expect(rows).toEqual(model.messages.map(({ id }, index) => ({ seq: index + 1, id })));
  });
  await fc.assert(property, { numRuns: 40 });
});
