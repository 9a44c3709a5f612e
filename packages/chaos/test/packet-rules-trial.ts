import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type PacketRule, withPacketRules } from '../src/faults/packet-rules.ts';

// An end whose peer's farewell was lost lives on.
const server = createServer((socket) =>
  socket
    .unref()
    .on('error', () => undefined)
    .pipe(socket),
).listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;

/** The echo of a word; what became of the connection; or `nothing`, long after an echo would have come. */
const outcome = (socket: Socket): Promise<string> =>
  Promise.race([
    once(socket, 'data').then(
      ([echo]) => String(echo),
      (error: NodeJS.ErrnoException) => error.code ?? error.message,
    ),
    pause(700, 'nothing'),
  ]);

const rule = (change: Partial<PacketRule>): PacketRule => ({ port, way: 'to', share: 100, verdict: 'drop', ...change });

/** What becomes of a connection that there is, and of a new one, while the rules hold; and of the first afterwards. */
const trial = async (rules: readonly PacketRule[]): Promise<object> => {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let old = '';
  let fresh = '';
  let afterwards = '';
  const packets = await withPacketRules(rules, async () => {
    socket.write('word');
    const newcomer = connect(port, '127.0.0.1', () => newcomer.write('word'));
    [old, fresh] = await Promise.all([outcome(socket), outcome(newcomer)]);
    newcomer.on('error', () => undefined).destroy();
  });
  if (old === 'nothing') afterwards = String((await once(socket, 'data'))[0]);
  socket.on('error', () => undefined).destroy();
  return { old, fresh, afterwards, wasMet: packets > 0 };
};

const seen = {
  'another port': await trial([rule({ port: 1 })]),
  'lost on the way there': await trial([rule({})]),
  'lost on the way back': await trial([rule({ way: 'from' })]),
  rejected: await trial([rule({ verdict: 'reject' })]),
};
server.close();
process.stdout.write(JSON.stringify(seen));
