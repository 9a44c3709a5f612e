import { setTimeout as pause } from 'node:timers/promises';
import { seededRandom } from '../load/seeded-random.ts';
import type { Attack } from './attack.ts';
import { MALFORMED_FRAMES } from './attacks/malformed-frames.ts';
import { ON_THE_WAY_IN } from './attacks/on-the-way-in.ts';
import { ONCE_INSIDE } from './attacks/once-inside.ts';

export interface ArmyOrder {
  /** `siege`: every attack but the malformed frames, which `frames` is. */
  what: 'siege' | 'frames';
  gateways: readonly string[];
  tokens: readonly string[];
  size: number;
  /** Only the attacks whose names hold this. */
  only: string;
  seed: number;
  /** How often they act and come again, 1 being as often as they mean to. */
  pace: number;
}

export interface AttackFigures {
  name: string;
  unit: string;
  attackers: number;
  /** How often one of them connected. */
  lives: number;
  /** How often the server ended a connection, or did not let one begin. */
  ended: number;
  sent: number;
}

export interface Army extends AsyncDisposable {
  figures(): AttackFigures[];
}

const ATTACKS: Readonly<Record<ArmyOrder['what'], readonly Attack[]>> = {
  siege: [...ON_THE_WAY_IN, ...ONCE_INSIDE],
  frames: MALFORMED_FRAMES,
};

/** Honest people come from 127.0.0.1. */
const addressOf = (index: number): string => `127.0.${1 + (index % 8)}.${1 + (Math.floor(index / 8) % 250)}`;

const REST_MS = 300;

/** Attackers of every kind, in turn, until disposed of; one that was thrown out comes again. */
export const raiseArmy = ({ what, gateways, tokens, size, only, seed, pace }: ArmyOrder): Army => {
  const attacks = ATTACKS[what].filter(({ name }) => name.includes(only));
  const over = new AbortController();
  const figures = attacks.map(({ name, unit }) => ({ name, unit, attackers: 0, lives: 0, ended: 0, sent: 0 }));

  const fight = async (index: number): Promise<void> => {
    const attack = attacks[index % attacks.length] as Attack;
    const figure = figures[index % attacks.length] as AttackFigures;
    figure.attackers += 1;
    const random = seededRandom(seed + index);
    const life = {
      gateway: gateways[Math.floor(random() * gateways.length)] as string,
      token: tokens[index % tokens.length] as string,
      localAddress: addressOf(index),
      random,
      pace,
      signal: over.signal,
      sent: (count: number): void => {
        figure.sent += count;
      },
    };
    await pause(random() * 1000);
    while (!over.signal.aborted) {
      figure.lives += 1;
      await attack.live(life).catch(() => undefined);
      if (!over.signal.aborted) figure.ended += 1;
      await pause((random() * REST_MS) / pace);
    }
  };

  const fighting = Promise.all(Array.from({ length: size }, (_, index) => fight(index)));
  return {
    figures: () => figures,
    async [Symbol.asyncDispose]() {
      over.abort();
      await fighting;
    },
  };
};
