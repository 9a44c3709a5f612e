import { CallEvent, ChatEvent, QUEUES } from '@trunkline/contract';
import { createJsonSchemas, type JsonSchema } from '@trunkline/service-kit';
import { SOCKETS, type SocketLanguage } from '@trunkline/socket-gateway';
import type { z } from 'zod';

interface Message {
  name: string;
  title: string;
  payload: JsonSchema;
}

interface Reference {
  $ref: string;
}

interface Channel {
  address: string;
  title: string;
  description: string;
  servers: Reference[];
  parameters?: Readonly<Record<string, { description: string }>>;
  messages: Readonly<Record<string, Reference>>;
}

interface Operation {
  action: 'send' | 'receive';
  summary: string;
  channel: Reference;
  messages: Reference[];
  reply?: { channel: Reference; messages: Reference[] };
}

const SERVERS = {
  gateway: { host: 'localhost:4001', protocol: 'wss', description: 'A socket-gateway, or what balances between several' },
  redis: { host: 'localhost:6379', protocol: 'redis', description: 'Between Trunkline’s own services' },
} as const;

const refer = (...path: string[]): Reference => ({ $ref: `#/${path.join('/')}` });

/** A word of a dialect as the name of a component, which may have no colon. */
const keyOf = (word: string): string => word.replace(/[^\w.-]+/g, '_').replace(/_$/, '');

/** Gathers channels with their messages and operations, from the point of view of Trunkline: it receives what clients say. */
const createParts = () => {
  const schemas = createJsonSchemas();
  const messages: Record<string, Message> = {};
  const channels: Record<string, Channel> = {};
  const operations: Record<string, Operation> = {};

  const add = (name: string, channel: Omit<Channel, 'messages'>, spoken: Readonly<Record<string, Message>>): void => {
    const keys = Object.keys(spoken).map((key) => [key, `${name}.${key}`] as const);
    for (const [key, component] of keys) messages[component] = spoken[key] as Message;
    const references = keys.map(([key, component]) => [key, refer('components', 'messages', component)]);
    channels[name] = { ...channel, messages: Object.fromEntries(references) };
  };
  const of = (name: string, keys: readonly string[]): Reference[] => keys.map((key) => refer('channels', name, 'messages', key));
  return { schemas, messages, channels, operations, add, of };
};

type Parts = ReturnType<typeof createParts>;

const addSocket = (parts: Parts, name: string, { title, description, address, says, tells, acknowledges }: SocketLanguage): void => {
  const spoken = (words: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output', who: string) =>
    Object.entries(words).map(([word, schema]): [string, Message] => [
      `${who}_${keyOf(word)}`,
      { name: word, title: word, payload: parts.schemas.of(schema, io) },
    ]);
  const said = spoken(says, 'input', 'client');
  const told = spoken(tells, 'output', 'server');
  const ack: Message = { name: 'ack', title: 'ack', payload: parts.schemas.of(acknowledges, 'output') };
  parts.add(
    name,
    { title, description, address, servers: [refer('servers', 'gateway')] },
    Object.fromEntries([...said, ...told, ['ack', ack]]),
  );
  const channel = refer('channels', name);
  parts.operations[`${name}_says`] = {
    action: 'receive',
    summary: 'What clients say, answered where they ask for it',
    channel,
    messages: parts.of(
      name,
      said.map(([key]) => key),
    ),
    reply: { channel, messages: parts.of(name, ['ack']) },
  };
  parts.operations[`${name}_hears`] = {
    action: 'send',
    summary: 'What clients are told',
    channel,
    messages: parts.of(
      name,
      told.map(([key]) => key),
    ),
  };
};

interface Inside {
  name: string;
  title: string;
  description: string;
  address: string;
  schema: z.ZodType;
  parameters?: Channel['parameters'];
}

const userChannel = {
  prefix: { description: '`REDIS_PREFIX`' },
  userId: { description: 'Who hears it' },
};

const INSIDE: readonly Inside[] = [
  {
    name: 'bus_calls',
    title: 'Bus: calls',
    description: 'Sharded pub/sub of Redis, one channel per user: what happened to calls. Heard or lost; the truth is in PostgreSQL.',
    address: '{prefix}:calls:{userId}',
    parameters: userChannel,
    schema: CallEvent,
  },
  {
    name: 'bus_chats',
    title: 'Bus: chats',
    description: 'The same for chats.',
    address: '{prefix}:chats:{userId}',
    parameters: userChannel,
    schema: ChatEvent,
  },
  ...Object.entries(QUEUES).map(([name, schema]) => ({
    name: `queue_${name}`,
    title: `Queue: ${name}`,
    description: 'Jobs of BullMQ, at least once and in clear text: no more than is needed to look the rest up.',
    address: name,
    schema,
  })),
];

const addInside = (parts: Parts, { name, title, description, address, parameters, schema }: Inside): void => {
  const message: Message = { name, title, payload: parts.schemas.of(schema, 'output') };
  const about = { title, description, address, servers: [refer('servers', 'redis')] };
  parts.add(name, { ...about, ...(parameters === undefined ? {} : { parameters }) }, { [name]: message });
  const channel = refer('channels', name);
  parts.operations[`${name}_send`] = { action: 'send', summary: 'call-service', channel, messages: parts.of(name, [name]) };
};

/** What travels on sockets, in every dialect, and between the services, as AsyncAPI 3. */
export const asyncApiDocument = () => {
  const parts = createParts();
  for (const [name, language] of Object.entries(SOCKETS)) addSocket(parts, name, language);
  for (const inside of INSIDE) addInside(parts, inside);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Trunkline',
      version: '1',
      description: 'What travels on sockets, in every dialect, and on the bus. REST is described in `/openapi.json`.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    servers: SERVERS,
    channels: parts.channels,
    operations: parts.operations,
    components: { messages: parts.messages, schemas: parts.schemas.components },
  };
};

/** Kept as a file, since call-service serves it and knows nothing of sockets. */
export const asyncApiPage = (): string => `${JSON.stringify(asyncApiDocument(), null, 1)}\n`;
