import type { StoredMessages } from '../system/system.ts';
import type { ChatLoadResult } from './chat-load.ts';

/** Every acknowledged message MUST be in the database exactly once, no other one twice, and the numbers of each chat without a gap. */
export const problemsInMessages = (
  { numbers, gaps, unpublished }: StoredMessages,
  { first, due, wasStored }: { first: number } & Pick<ChatLoadResult, 'due' | 'wasStored'>,
): string[] => {
  const times = new Uint8Array(due);
  for (const number of numbers) times[number - first] = (times[number - first] ?? 0) + 1;
  const missing = times.reduce((count, stored, index) => count + (stored === 0 && wasStored(first + index) ? 1 : 0), 0);
  const twice = times.reduce((count, stored) => count + (stored > 1 ? 1 : 0), 0);
  return [
    ...(missing === 0 ? [] : [`${missing} messages were acknowledged and are not in the database`]),
    ...(twice === 0 ? [] : [`${twice} messages are in the database more than once`]),
    ...(gaps === 0 ? [] : [`the messages of ${gaps} chats are not numbered without a gap`]),
    ...(unpublished === 0 ? [] : [`${unpublished} events were not published`]),
  ];
};
