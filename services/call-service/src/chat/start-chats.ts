import type { RedisConnection } from '@trunkline/bus';
import type { Logger, Tracing } from '@trunkline/service-kit';
import express, { type RequestHandler, type Router } from 'express';
import type { CallServiceConfig } from '../config.ts';
import type { Database } from '../database/database.ts';
import { limitMessages } from '../limits/message-limit.ts';
import { createPromptRateLimit, tellRefusals } from '../limits/rate-limit.ts';
import type { CallServiceMetrics } from '../metrics/call-service-metrics.ts';
import { countChatCommands, countMessages, countRestChats } from '../metrics/count-chats.ts';
import type { QueueAwayPushes } from '../notifications/away-pushes.ts';
import type { QueuedPush } from '../notifications/queue-pushes.ts';
import type { OutboxRow } from '../outbox/outbox.ts';
import type { Relay } from '../outbox/relay.ts';
import { repeat } from '../repeat.ts';
import type { SessionRegister } from '../sessions/session-register.ts';
import { traceChatDecisions } from '../tracing/trace-decisions.ts';
import { eraseRoutes } from '../users/erase-routes.ts';
import type { Webhooks } from '../webhooks/start-webhooks.ts';
import { type CallTeller, createCallTeller } from './call-notes.ts';
import { type AnswerChatCommand, createChatCommands } from './chat-commands.ts';
import { createChatDecider } from './chat-decider.ts';
import { createChatReader } from './chat-reader.ts';
import { type ChatRoutesOptions, chatRoutes } from './chat-routes.ts';
import { createLeftSeats, type LeftSeats } from './left-seats.ts';
import { createPartnerNews, type PartnerNews } from './partners.ts';
import { createChatSeats } from './seats.ts';
import { serverChatRoutes } from './server-routes.ts';
import { startUpkeep } from './upkeep.ts';

export interface ChatsOptions {
  config: CallServiceConfig;
  database: Database;
  relay: Relay;
  redis: RedisConnection;
  logger: Logger;
  metrics: Pick<CallServiceMetrics, 'decisions' | 'decisionSeconds' | 'messagesSent' | 'rateLimited'>;
  tracing: Tracing | null;
  /** Where pushes for members that are away are queued, with the events that they are about. */
  queueAwayPushes: QueueAwayPushes;
  /** Called after a commit with what it queued. */
  enqueuePushes(pushes: readonly QueuedPush[]): void;
  webhooks: Pick<Webhooks, 'store' | 'wake' | 'go'> | null;
}

type ChatsRoutesOptions = Pick<ChatRoutesOptions, 'guards' | 'sendGuards' | 'createGuards'> & {
  serverGuards: RequestHandler[];
  sessions: Pick<SessionRegister, 'disconnect'>;
};

/** All about chats that other parts of the service need. */
export interface Chats extends AsyncDisposable {
  routes(options: ChatsRoutesOptions): Router;
  answerCommand: AnswerChatCommand;
  partners: PartnerNews;
  seats: LeftSeats;
  calls: CallTeller;
}

const SWEEP_EVERY_MS = 2000;

export const startChats = (options: ChatsOptions): Chats => {
  const { config, database, relay, redis, logger, metrics, tracing, queueAwayPushes, enqueuePushes, webhooks } = options;
  const tell = (rows: OutboxRow[], pushes: readonly QueuedPush[]): void => {
    relay.publish(rows);
    enqueuePushes(pushes);
  };
  const decider = createChatDecider({
    published: relay.published,
    database,
    logger,
    queueAwayPushes,
    webhooks,
    onCommitted: ({ outcome, rows, pushes }) => {
      countMessages(metrics, outcome);
      tell(rows, pushes);
    },
  });
  const perSender = tellRefusals(
    createPromptRateLimit({ redis, redisPrefix: config.REDIS_PREFIX, name: 'messages', perMinute: config.LIMIT_MESSAGES_PER_MINUTE }),
    () => metrics.rateLimited.inc({ limit: 'messages' }),
  );
  const limited = traceChatDecisions(limitMessages(decider, { database, perSender }), tracing);
  const chats = createChatReader(database);
  const calls = createCallTeller(database, decider, logger);
  const warn = (what: string) => (error: unknown) => logger.warn({ err: error }, what);
  const telling = repeat(SWEEP_EVERY_MS, calls.sweep, warn('chats were not told of calls'));
  const upkeep = startUpkeep(database, config.MESSAGE_ARCHIVE_DAYS, warn('the upkeep of chats failed'));

  return {
    routes: ({ serverGuards, sessions, ...guards }) => {
      const routes = express.Router();
      routes.use(chatRoutes({ ...guards, database, chats, decider: countRestChats(limited, metrics) }));
      routes.use(serverChatRoutes({ serverGuards, decider, database, tell, queueAwayPushes }));
      routes.use(eraseRoutes({ serverGuards, database, chats: decider, sessions, webhooks }));
      return routes;
    },
    answerCommand: countChatCommands(createChatCommands(limited, chats, createChatSeats(database)), metrics),
    partners: createPartnerNews(database, (events) => relay.hint('chats', events)),
    seats: createLeftSeats({ database, queueAwayPushes, enqueuePushes, gatewayLeaseSeconds: config.GATEWAY_LEASE_SECONDS }),
    calls,
    async [Symbol.asyncDispose]() {
      await upkeep[Symbol.asyncDispose]();
      await telling[Symbol.asyncDispose]();
      await decider.idle();
    },
  };
};
