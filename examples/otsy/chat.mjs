import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { io } from 'socket.io-client';

const { TRUNKLINE_URL = 'http://127.0.0.1:4080', ALICE = mintToken('alice'), BOB = mintToken('bob') } = process.env;
/** The same host as the sockets' in dev, where one front door stands before everything. */
const { TRUNKLINE_REST_URL = TRUNKLINE_URL } = process.env;
const PATIENCE_MS = 10_000;

/** A user's token, as dev accepts it. Your app gets its tokens from its own backend. */
function mintToken(userId) {
  const trunkline = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));
  return execFileSync(process.execPath, [trunkline, 'token', userId], { encoding: 'utf8' }).trim();
}

const connect = (name, token) =>
  new Promise((resolve, reject) => {
    const socket = io(`${TRUNKLINE_URL}/chat`, { auth: { token }, forceNew: true, reconnection: false });
    const heard = [];
    socket.onAny((event, body) => {
      console.log(`${name} ← ${event} ${JSON.stringify(body)}`);
      heard.push({ event, body });
    });
    socket.on('disconnect', (why) => console.log(`${name} was disconnected: ${why}`));
    socket.once('connected', () => resolve({ name, socket, heard }));
    socket.once('connect_error', ({ message }) => reject(new Error(`${name} cannot connect to ${TRUNKLINE_URL}: ${message}`)));
  });

/** Sends an event, and resolves once it is done: a message is stored then. */
const say = async ({ name, socket }, event, body) => {
  console.log(`${name} → ${event} ${JSON.stringify(body)}`);
  const { ok, error, ...answer } = await socket.timeout(PATIENCE_MS).emitWithAck(event, body);
  if (!ok) throw new Error(`${name} may not ${event}: ${error.code}, ${error.message}`);
  return answer;
};

/** Resolves with the first that was or will be heard under that name and is what is looked for. */
const hears = ({ name, socket, heard }, event, matches) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name} did not hear ${event} in ${PATIENCE_MS / 1000} seconds`)), PATIENCE_MS);
    const look = () => {
      const found = heard.find((item) => item.event === event && matches(item.body));
      if (found === undefined) return;
      clearTimeout(timer);
      socket.offAny(look);
      resolve(found.body);
    };
    socket.onAny(look);
    look();
  });

/** Alice opens a chat about an order of hers with Bob, who shops for her. Asked again, it is the same chat. */
const openChat = async () => {
  const response = await fetch(`${TRUNKLINE_REST_URL}/v1/chat`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ALICE}`, 'content-type': 'application/json' },
    body: JSON.stringify({ order_id: randomUUID(), user_id: 'alice', shopper_id: 'bob' }),
  });
  const { id, error } = await response.json();
  if (!response.ok) throw new Error(`alice may not open a chat: ${error.code}, ${error.message}`);
  return id;
};

try {
  const [alice, bob] = await Promise.all([connect('alice', ALICE), connect('bob', BOB)]);
  const chat_id = await openChat();
  const isHere = (body) => body.chat_id === chat_id || body.chatId === chat_id;
  await say(bob, 'join_chat', { chat_id });
  await Promise.all([say(alice, 'join_chat', { chat_id }), hears(bob, 'user_joined', isHere)]);

  await Promise.all([say(alice, 'typing_indicator', { chat_id, action: 'start' }), hears(bob, 'typing_indicator', isHere)]);
  // A name of its own makes a message safe to send again after a lost connection.
  const draft = { chatId: chat_id, message: { content: 'Are there any ripe avocados?', type: 'text', client_message_id: randomUUID() } };
  const { message } = await say(alice, 'send_message', draft);
  const again = await say(alice, 'send_message', draft);
  if (again.message.id !== message.id) throw new Error('the message was stored twice');

  await hears(bob, 'new_message', ({ id }) => id === message.id);
  await Promise.all([
    hears(alice, 'messages_read', ({ messageIds }) => messageIds.includes(message.id)),
    say(bob, 'mark_messages_read', { chatId: chat_id, messageIds: [message.id] }),
  ]);
  await say(bob, 'leave_chat', { chat_id });
  await hears(alice, 'user_left', isHere);
  console.log('Everything was heard.');
  process.exit(0);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
