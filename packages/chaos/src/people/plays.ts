import { setTimeout as pause } from 'node:timers/promises';
import type { Dice } from '../dice.ts';
import type { Story } from './story.ts';

const SHORTEST_RING_SECONDS = 5;
const RING_SECONDS = 20;
const RINGS_WITHIN_MS = 8000;

type Play = (story: Story, dice: Dice) => Promise<void>;

const place = async (story: Story, ringSeconds = RING_SECONDS): Promise<boolean> => {
  const { answer } = await story.ask(story.caller, 'place', { calleeId: story.callees[0]?.userId ?? '', ringSeconds });
  return answer?.ok === true;
};

const isOver = (story: Story): boolean => story.knowsTheEnd(story.caller);

/** Whether one of the callee's devices rings. A caller whose call does not ring gives up. */
const rings = async (story: Story): Promise<boolean> => {
  const isRinging = (): boolean => story.callees.some((device) => story.wasRung(device));
  await story.until(() => isRinging() || isOver(story), RINGS_WITHIN_MS);
  if (isRinging()) return true;
  if (!isOver(story)) await story.ask(story.caller, 'cancel');
  return false;
};

const think = (dice: Dice): Promise<void> => pause(dice.between(10, 250));

const firstRung = (story: Story) => story.callees.find((device) => story.wasRung(device)) ?? story.caller;

const placedAndRung = async (story: Story, dice: Dice): Promise<boolean> => {
  if (!(await place(story)) || !(await rings(story))) return false;
  await think(dice);
  return true;
};

/** Everything that people do with calls. */
export const PLAYS = {
  reject: async (story, dice) => {
    if (await placedAndRung(story, dice)) await story.ask(firstRung(story), 'reject');
  },
  cancel: async (story, dice) => {
    if (await placedAndRung(story, dice)) await story.ask(story.caller, 'cancel');
  },
  talk: async (story, dice) => {
    if (!(await placedAndRung(story, dice))) return;
    const { answer } = await story.ask(firstRung(story), 'accept');
    if (answer?.ok !== true) return;
    await think(dice);
    await story.ask(dice.chance(0.5) ? story.caller : firstRung(story), 'end');
  },
  nobody_answers: async (story) => {
    if (!(await place(story, SHORTEST_RING_SECONDS))) return;
    await story.until(() => isOver(story), SHORTEST_RING_SECONDS * 1000 + 3000);
  },
  race: async (story, dice) => {
    if (!(await placedAndRung(story, dice))) return;
    await Promise.all([
      story.ask(story.caller, 'cancel'),
      story.ask(firstRung(story), 'accept'),
      ...story.callees.slice(1).map((device) => story.ask(device, 'reject')),
    ]);
    await story.ask(story.caller, 'end');
  },
  both_devices_answer: async (story, dice) => {
    if (!(await placedAndRung(story, dice))) return;
    await Promise.all(story.callees.map((device) => story.ask(device, 'accept')));
    await think(dice);
    await story.ask(story.caller, 'end');
  },
  callee_leaves: async (story, dice) => {
    if (!(await placedAndRung(story, dice))) return;
    for (const device of story.callees) device.leaveFor(dice.between(100, 1500));
    await think(dice);
    await story.ask(story.caller, 'cancel');
  },
  caller_leaves: async (story, dice) => {
    if (!(await placedAndRung(story, dice))) return;
    story.caller.leaveFor(dice.between(100, 1500));
    await think(dice);
    await story.ask(firstRung(story), 'reject');
  },
} satisfies Record<string, Play>;

export type PlayName = keyof typeof PLAYS;

/** Of a hundred calls, how many go like that. */
const SHARES: Readonly<Record<PlayName, number>> = {
  reject: 24,
  cancel: 20,
  talk: 24,
  nobody_answers: 7,
  race: 8,
  both_devices_answer: 7,
  callee_leaves: 5,
  caller_leaves: 5,
};

const DECK: readonly PlayName[] = (Object.keys(SHARES) as PlayName[]).flatMap((name) => new Array<PlayName>(SHARES[name]).fill(name));

export const pickPlay = (dice: Dice): PlayName => dice.pick(DECK);
