import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';

const { TRUNKLINE_URL = 'http://127.0.0.1:4080', ALICE = mintToken('alice'), BOB = mintToken('bob') } = process.env;
/** Where REST is, if it is elsewhere than the WebSocket. */
const { TRUNKLINE_REST_URL = TRUNKLINE_URL } = process.env;
const PATIENCE_MS = 10_000;

/** A user's token, as dev accepts it. Your app gets its tokens from its own backend. */
function mintToken(userId) {
  const trunkline = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));
  return execFileSync(process.execPath, [trunkline, 'token', userId], { encoding: 'utf8' }).trim();
}

const connect = (name, token) =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`${TRUNKLINE_URL}/ws/chat?token=${token}`);
    socket.addEventListener('message', ({ data }) => console.log(`${name} ← ${data}`));
    socket.addEventListener('close', ({ code, reason }) => console.log(`${name} was disconnected: ${code} ${reason}`));
    socket.addEventListener('open', () => resolve({ name, token, socket }));
    socket.addEventListener('error', () => reject(new Error(`${name} cannot connect to ${TRUNKLINE_URL}/ws/chat`)));
  });

/** Resolves with the first frame to come that `matches`. */
const hears = ({ name, socket }, what, matches) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name} did not hear ${what} in ${PATIENCE_MS / 1000} seconds`)), PATIENCE_MS);
    socket.addEventListener('message', ({ data }) => {
      const frame = JSON.parse(data);
      if (!matches(frame)) return;
      clearTimeout(timer);
      resolve(frame);
    });
  });

/** Resolves with what is heard of this call under that type. */
const hearsOf = async (phone, wanted, callId) =>
  (await hears(phone, wanted, ({ type, data }) => type === wanted && data.callId === callId)).data;

/** Sends a command, and resolves with the call once the command is committed: whoever names the request gets an ack. */
const say = async (phone, type, payload) => {
  const requestId = randomUUID();
  const acked = hears(phone, `the ack of ${type}`, (frame) => frame.type === 'ack' && frame.requestId === requestId);
  const frame = JSON.stringify({ type, payload, requestId });
  console.log(`${phone.name} → ${frame}`);
  phone.socket.send(frame);
  const { ok, call, error } = (await acked).payload;
  if (!ok) throw new Error(`${phone.name} may not ${type}: ${error.code}, ${error.message}`);
  return call;
};

/** Asks over REST, and resolves with the `data` of the answer. */
const ask = async ({ name, token }, method, path, body) => {
  console.log(`${name} → ${method} ${path} ${JSON.stringify(body)}`);
  const response = await fetch(`${TRUNKLINE_REST_URL}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const { success, message, data } = await response.json();
  console.log(`${name} ← ${response.status} ${JSON.stringify({ success, message, data })}`);
  if (!success) throw new Error(`${name} may not ${method} ${path}: ${response.status}, ${message}`);
  return data;
};

const expectSame = (what, found, wanted) => {
  if (found !== wanted) throw new Error(`${what} is ${found}, and should be ${wanted}`);
};

/** Alice rings Bob, over REST as Chattrix's apps do; `call.initiate` on the WebSocket does the same. */
const ring = async (alice, bob) => {
  const callId = randomUUID();
  await Promise.all([
    hearsOf(bob, 'call_invitation', callId),
    hearsOf(alice, 'call_ringing', callId),
    ask(alice, 'POST', '/api/v1/calls/initiate', { calleeId: 'bob', callType: 'VIDEO', callId }),
  ]);
  return callId;
};

const answeredCall = async (alice, bob) => {
  const callId = await ring(alice, bob);
  // `channelId` is the room of the media provider that both join now.
  await Promise.all([hearsOf(alice, 'call_accepted', callId), say(bob, 'call.accept', { callId })]);
  const { status } = await ask(alice, 'PATCH', `/api/v1/calls/${callId}/status`, { status: 'ACTIVE' });
  expectSame('the status of the connected call', status, 'ACTIVE');
  const [{ endedBy }] = await Promise.all([hearsOf(bob, 'call_ended', callId), say(alice, 'call.end', { callId })]);
  expectSame('who ended it', endedBy, 'alice');
};

const rejectedCall = async (alice, bob) => {
  const callId = await ring(alice, bob);
  const [{ reason }] = await Promise.all([
    hearsOf(alice, 'call_rejected', callId),
    say(bob, 'call.reject', { callId, reason: 'unavailable' }),
  ]);
  expectSame('the reason', reason, 'unavailable');
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
