export { runChaos } from './chaos.ts';
export { FAULT_NAMES } from './faults/schedule.ts';
export { STATE_AFTER } from './judge/state-after.ts';
export { type RunOptions, type RunResult, run } from './run.ts';
export { SABOTAGES, type Sabotage } from './sabotage.ts';
export { whyNoNamespace } from './system/namespace.ts';
export { startWorld, type World } from './system/world.ts';
