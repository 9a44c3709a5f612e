import { connectFleet, type Fleet } from '../load/fleet.ts';
import { otsyWire } from '../load/otsy-wire.ts';
import type { Phone } from '../load/phone.ts';
import { latenciesOf, type Result } from '../report/result.ts';
import { CpuMeter } from '../system/cpu-meter.ts';
import { type ChatPair, runChatLoad } from './chat-load.ts';
import { ONLY_BEHIND } from './late-count.ts';
import { problemsInMessages } from './message-books.ts';
import { type Bench, describe, type Load, lostConnections } from './scenario.ts';

const WARM_UP_RATE = 1000;
const WARM_UP_SECONDS = 3;
const JOIN_WITHIN_MS = 15_000;

/** @throws when it is not let into the chat within 15 s */
const join = (phone: Phone, chatId: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${phone.userId} could not join: no answer`)), JOIN_WITHIN_MS);
    phone.onHeard = ({ word, code }) => {
      if (word !== 'stored' && word !== 'refused') return;
      clearTimeout(timer);
      if (word === 'stored') resolve();
      else reject(new Error(`${phone.userId} could not join: ${code}`));
    };
    phone.send(otsyWire.join(chatId));
  });

/** Users in chats of two, the two on different gateways, connected once for however many runs. */
export class ChatBench implements Disposable {
  readonly #bench: Bench;
  readonly #fleet: Fleet;
  readonly #chats: readonly ChatPair[];
  #next = 1;

  private constructor(bench: Bench, fleet: Fleet, chats: readonly ChatPair[]) {
    this.#bench = bench;
    this.#fleet = fleet;
    this.#chats = chats;
  }

  static async connect(bench: Bench, connections: number): Promise<ChatBench> {
    const { system, report } = bench;
    report(`connecting ${connections} users over otsy`);
    const gateways = system.gateways.map(({ url }) => url);
    const size = connections - (connections % 2);
    const fleet = await connectFleet({ wire: otsyWire, gateways, size, name: 'chatter', mintToken: system.mintToken });
    const members = Array.from({ length: size / 2 }, (_, index) => fleet.phones.slice(2 * index, 2 * index + 2) as [Phone, Phone]);
    const chatIds = await system.openChats(members.map(([one, other]) => [one.userId, other.userId]));
    const chats = members.map((pair, index) => ({ chatId: chatIds[index] as string, members: pair }));
    await Promise.all(chats.flatMap(({ chatId, members: pair }) => pair.map((phone) => join(phone, chatId))));
    return new ChatBench(bench, fleet, chats);
  }

  async warmUp(): Promise<void> {
    await this.run({ perSecond: WARM_UP_RATE, seconds: WARM_UP_SECONDS, warmUpSeconds: 0, limit: ONLY_BEHIND });
  }

  async run({ perSecond, seconds, warmUpSeconds, limit }: Omit<Load, 'connections'>): Promise<Result> {
    const { system, stores, report } = this.#bench;
    const meter = new CpuMeter(system, stores);
    const first = this.#next;
    const load = await runChatLoad({
      chats: this.#chats,
      first,
      perSecond,
      seconds,
      warmUpSeconds,
      limit,
      onWindow: () => meter.mark(),
      report: (line) => report(`chat at ${perSecond}/s: ${line}`),
    });
    this.#next += load.due;
    return {
      scenario: 'chat',
      ...describe(this.#bench),
      dialect: 'otsy',
      connections: this.#fleet.phones.length,
      asked: perSecond,
      achieved: Math.round(load.achievedPerSecond),
      done: load.done,
      lost: load.lost,
      doubled: load.doubled,
      errors: load.errors,
      problems: [...lostConnections(this.#fleet), ...problemsInMessages(await system.storedMessages(first), { first, ...load })],
      legs: latenciesOf(load.legs),
      wasHopeless: load.wasHopeless,
      cpu: await meter.perOperation(load.doneInWindow),
    };
  }

  [Symbol.dispose](): void {
    this.#fleet[Symbol.dispose]();
  }
}
