import type { Options } from './options.ts';
import { startBaseline } from './system/baseline.ts';
import type { Stores } from './system/stores.ts';
import type { System } from './system/system.ts';
import { startTrunkline } from './system/trunkline.ts';

export const SYSTEM_NAMES = ['trunkline', 'baseline'] as const;

/** The one that the options name, ours where they name none. */
export const startSystem = (stores: Stores, { system, gateways, callServices, profile }: Options): Promise<System> =>
  system === 'baseline'
    ? startBaseline({ stores, processes: gateways })
    : startTrunkline({ stores, gateways, callServices, checkout: null, profileFolder: profile ?? null });
