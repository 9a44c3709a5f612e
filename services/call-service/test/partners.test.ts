import { randomUUID } from 'node:crypto';
import type { ChatEvent } from '@trunkline/contract';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createPartnerNews, type PartnerNews } from '../src/chat/partners.ts';
import { type Database, openDatabase } from '../src/database/database.ts';
import { BETWEEN, openChat, startChatService } from './chat-door.ts';
import type { RunningCallService } from './running-call-service.ts';

let service: RunningCallService;
let database: Database;
let news: PartnerNews;
let told: ChatEvent[];

beforeAll(async () => {
  service = await startChatService();
  database = openDatabase({ url: service.database.url, poolSize: 2, onError: () => undefined });
  await openChat(service);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});
beforeEach(async () => {
  told = [];
  news = createPartnerNews(database, (events) => told.push(...events));
  await service.database.query('DELETE FROM sessions');
});

const { user_id: ann, shopper_id: sho } = BETWEEN;

const opened = async (): Promise<string> => {
  const id = randomUUID();
  await service.database.query("INSERT INTO sessions (id, gateway_id, user_id) VALUES ($1, 'gateway', $2)", [id, ann]);
  return id;
};

it('somebody whose first two sessions open at once is told of to the partners, once', async () => {
  const [calls, chats] = [await opened(), await opened()];
  await news.came([ann], [chats]);
  await news.came([ann], [calls]);
  expect(told).toMatchObject([{ type: 'partner_online', userId: ann, recipients: [sho] }]);
});

it('a further session is no news, nor the end of one while another is open', async () => {
  const [first, further] = [await opened(), await opened()];
  await news.came([ann], [further]);
  await service.database.query('UPDATE sessions SET closed_at = clock_timestamp() WHERE id = $1', [first]);
  await news.went([ann]);
  expect(told).toEqual([]);
  await service.database.query('UPDATE sessions SET closed_at = clock_timestamp() WHERE id = $1', [further]);
  await news.went([ann]);
  expect(told).toMatchObject([{ type: 'partner_offline', userId: ann, recipients: [sho] }]);
});
