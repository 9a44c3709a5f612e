import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';

const { TRUNKLINE_URL = 'http://127.0.0.1:4080', ALICE = mintToken('alice', 'user'), BOB = mintToken('bob', 'otomo') } = process.env;
const PATIENCE_MS = 10_000;

/** A token, as dev accepts it. Your app gets its tokens from its own backend. */
function mintToken(userId, role) {
  const trunkline = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));
  return execFileSync(process.execPath, [trunkline, 'token', userId, '--role', role], { encoding: 'utf8' }).trim();
}

const connect = (name, token) =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`${TRUNKLINE_URL}/ws/otomo?token=${token}`);
    socket.addEventListener('message', ({ data }) => console.log(`${name} ← ${data}`));
    socket.addEventListener('close', ({ code, reason }) => console.log(`${name} was disconnected: ${code} ${reason}`));
    socket.addEventListener('open', () => resolve({ name, socket }));
    socket.addEventListener('error', () => reject(new Error(`${name} cannot connect to ${TRUNKLINE_URL}/ws/otomo`)));
  });

/** Resolves with the payload of the first frame to come that `matches`. */
const hears = ({ name, socket }, what, matches) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name} did not hear ${what} in ${PATIENCE_MS / 1000} seconds`)), PATIENCE_MS);
    socket.addEventListener('message', ({ data }) => {
      const frame = JSON.parse(data);
      if (!matches(frame)) return;
      clearTimeout(timer);
      resolve(frame.payload);
    });
  });

/** Resolves with what is heard of this call under that type. */
const hearsOf = (phone, wanted, callId) => hears(phone, wanted, ({ type, payload }) => type === wanted && payload.callId === callId);

/** Sends a command, and resolves with the call once the command is committed: whoever names the request gets an ack. */
const say = async (phone, type, payload) => {
  const requestId = randomUUID();
  const acked = hears(phone, `the ack of ${type}`, (frame) => frame.type === 'ack' && frame.requestId === requestId);
  const frame = JSON.stringify({ type, payload, requestId });
  console.log(`${phone.name} → ${frame}`);
  phone.socket.send(frame);
  const { ok, call, error } = await acked;
  if (!ok) throw new Error(`${phone.name} may not ${type}: ${error.code}, ${error.message}`);
  return call;
};

const expectSame = (what, found, wanted) => {
  if (found !== wanted) throw new Error(`${what} is ${found}, and should be ${wanted}`);
};

/** The user rings the otomo. An id of the user's own makes it safe to send the request again after a lost connection. */
const ring = async (user, otomo) => {
  const callId = randomUUID();
  await Promise.all([
    hearsOf(otomo, 'call_request', callId),
    hearsOf(user, 'call_ringing', callId),
    say(user, 'call_request', { otomoId: 'bob', callType: 'VIDEO', callId }),
  ]);
  return callId;
};

const answeredCall = async (user, otomo) => {
  const callId = await ring(user, otomo);
  await Promise.all([hearsOf(user, 'call_accepted', callId), say(otomo, 'call_accept', { callId })]);
  await say(user, 'call_connected', { callId });
  const { status } = await say(otomo, 'call_connected', { callId });
  expectSame('the status of the connected call', status, 'ACTIVE');
  const [{ endedBy }] = await Promise.all([hearsOf(otomo, 'call_ended', callId), say(user, 'call_end', { callId })]);
  expectSame('who ended it', endedBy, 'alice');
};

const rejectedCall = async (user, otomo) => {
  const callId = await ring(user, otomo);
  const [{ reason }] = await Promise.all([hearsOf(user, 'call_rejected', callId), say(otomo, 'call_reject', { callId })]);
  expectSame('the reason', reason, 'manual_reject');
};

try {
  const [user, otomo] = await Promise.all([connect('alice', ALICE), connect('bob', BOB)]);
  await answeredCall(user, otomo);
  await rejectedCall(user, otomo);
  console.log('Everything was heard.');
  process.exit(0);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
