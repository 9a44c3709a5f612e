import { connectRawBytes, type RawConnection } from '../../wire/websocket-connection.ts';
import { frameBytes, OPCODES } from '../../wire/websocket-frames.ts';
import type { Attack, Life } from '../attack.ts';
import { hold, signedInOverSocketIo } from '../held.ts';
import { FUZZED_DIALECTS, type FuzzedDialect, malformedFrame } from '../malformed.ts';

const BURST_EVERY_MS = 50;
const BURST = 80;
const AS_BYTES = 0.05;

const rawTo =
  (path: string) =>
  ({ gateway, token, localAddress }: Life): Promise<RawConnection> =>
    connectRawBytes(`${gateway}${path}?token=${token}`, { localAddress });

const CONNECT: Readonly<Record<FuzzedDialect, (life: Life) => Promise<RawConnection>>> = {
  chattrix: rawTo('/ws/chat'),
  otomo: rawTo('/ws/otomo'),
  onlycare: (life) => signedInOverSocketIo(life),
  otsy: (life) => signedInOverSocketIo(life, '/chat'),
};

const burst = (dialect: FuzzedDialect, random: () => number): Buffer =>
  Buffer.concat(
    Array.from({ length: BURST }, () => frameBytes(random() < AS_BYTES ? OPCODES.binary : OPCODES.text, malformedFrame(dialect, random))),
  );

/** Just below a flood, so that every frame is read and answered. */
export const MALFORMED_FRAMES: readonly Attack[] = FUZZED_DIALECTS.map((dialect) => ({
  name: `malformed frames of ${dialect}`,
  unit: 'frames',
  live: async (life) => {
    const { socket } = await CONNECT[dialect](life);
    await hold(socket, life, BURST_EVERY_MS, () => {
      socket.write(burst(dialect, life.random));
      life.sent(BURST);
    });
  },
}));
