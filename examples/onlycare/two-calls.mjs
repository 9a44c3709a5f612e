import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { io } from 'socket.io-client';

const { TRUNKLINE_URL = 'http://127.0.0.1:4080', ALICE = mintToken('alice'), BOB = mintToken('bob') } = process.env;
const PATIENCE_MS = 10_000;

/** A user's token, as dev accepts it. Your app gets its tokens from its own backend. */
function mintToken(userId) {
  const trunkline = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));
  return execFileSync(process.execPath, [trunkline, 'token', userId], { encoding: 'utf8' }).trim();
}

const connect = (name, token) =>
  new Promise((resolve, reject) => {
    const socket = io(TRUNKLINE_URL, { auth: { token }, forceNew: true, reconnection: false });
    socket.onAny((event, body) => console.log(`${name} ← ${event} ${JSON.stringify(body)}`));
    socket.on('disconnect', (why) => console.log(`${name} was disconnected: ${why}`));
    socket.once('connect', () => resolve({ name, socket }));
    socket.once('connect_error', ({ message }) => reject(new Error(`${name} cannot connect to ${TRUNKLINE_URL}: ${message}`)));
  });

/** Sends a command, and resolves with the call once the command is committed. */
const say = async ({ name, socket }, event, body) => {
  console.log(`${name} → ${event} ${JSON.stringify(body)}`);
  const { ok, call, error } = await socket.timeout(PATIENCE_MS).emitWithAck(event, body);
  if (!ok) throw new Error(`${name} may not ${event}: ${error.code}, ${error.message}`);
  return call;
};

/** Resolves with what is heard of this call under that name. */
const hears = ({ name, socket }, event, callId) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name} did not hear ${event} in ${PATIENCE_MS / 1000} seconds`)), PATIENCE_MS);
    socket.on(event, (body) => {
      if (body.callId !== callId) return;
      clearTimeout(timer);
      resolve(body);
    });
  });

const expectSame = (what, found, wanted) => {
  if (found !== wanted) throw new Error(`${what} is ${found}, and should be ${wanted}`);
};

/** Alice rings Bob. An id of her own makes it safe to send the place again after a lost connection. */
const ring = async (alice, bob) => {
  const callId = randomUUID();
  await Promise.all([
    hears(bob, 'call:incoming', callId),
    hears(alice, 'call:ringing', callId),
    say(alice, 'call:initiate', { receiverId: 'bob', callType: 'video', callId }),
  ]);
  return callId;
};

const answeredCall = async (alice, bob) => {
  const callId = await ring(alice, bob);
  // `channelId` is the room of the media provider that both join now.
  await Promise.all([hears(alice, 'call:accepted', callId), say(bob, 'call:accept', { callId })]);
  await say(alice, 'call:connected', { callId });
  const { status } = await say(bob, 'call:connected', { callId });
  expectSame('the status of the connected call', status, 'ACTIVE');
  const [{ endedBy }] = await Promise.all([hears(bob, 'call:ended', callId), say(alice, 'call:end', { callId })]);
  expectSame('who ended it', endedBy, 'alice');
};

const rejectedCall = async (alice, bob) => {
  const callId = await ring(alice, bob);
  const [{ reason }] = await Promise.all([
    hears(alice, 'call:rejected', callId),
    say(bob, 'call:reject', { callId, reason: 'In a meeting' }),
  ]);
  expectSame('the reason', reason, 'In a meeting');
};

try {
  const [alice, bob] = await Promise.all([connect('alice', ALICE), connect('bob', BOB)]);
  await answeredCall(alice, bob);
  await rejectedCall(alice, bob);
  console.log('Everything was heard.');
  process.exit(0);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
