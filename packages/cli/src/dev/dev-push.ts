import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startPushStandIn } from '@trunkline/push-stand-in';
import { newVapidPair, type VapidPair } from '@trunkline/service-kit';
import { z } from 'zod';
import type { Environment } from '../command.ts';
import type { PortClaim } from './ports.ts';

/** How pushes are sent in a run, as the services' settings say it. */
export interface DevPush extends AsyncDisposable {
  readonly callServiceEnv: Readonly<Record<string, string>>;
  readonly notifierEnv: Readonly<Record<string, string>>;
}

const FCM_SETTINGS = ['FIREBASE_SERVICE_ACCOUNT', 'FCM_ENDPOINT', 'GOOGLE_APPLICATION_CREDENTIALS'];
const VAPID_SETTINGS = ['VAPID_PUBLIC_KEY', 'VAPID_PRIVATE_KEY', 'VAPID_SUBJECT'];
const KEPT_PUSHES = 1000;
const SUBJECT = 'mailto:trunkline-dev@example.com';

const isAnySet = (env: Environment, names: readonly string[]): boolean => names.some((name) => Boolean(env[name]));

/** Whether a run has a stand-in for FCM: not where FCM itself is set up. */
export const needsPushStandIn = (env: Environment): boolean => !isAnySet(env, FCM_SETTINGS);

const Pair = z.object({ publicKey: z.string().min(1), privateKey: z.string().min(1) });

const readPair = async (file: string): Promise<VapidPair | null> => {
  try {
    return Pair.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
};

/** The same pair in every run of a data folder: browsers' subscriptions are made for it. */
const keptPair = async (folder: string): Promise<VapidPair> => {
  const file = join(folder, 'vapid.json');
  const kept = await readPair(file);
  if (kept !== null) return kept;
  const pair = newVapidPair();
  await mkdir(folder, { recursive: true });
  await writeFile(file, `${JSON.stringify(pair, null, 2)}\n`, { mode: 0o600 });
  return pair;
};

interface Vapid {
  callServiceEnv: Record<string, string>;
  notifierEnv: Record<string, string>;
}

const vapidEnv = async (env: Environment, folder: string): Promise<Vapid> => {
  if (isAnySet(env, VAPID_SETTINGS)) return { callServiceEnv: {}, notifierEnv: {} };
  const { publicKey, privateKey } = await keptPair(folder);
  const callServiceEnv = { VAPID_PUBLIC_KEY: publicKey };
  return { callServiceEnv, notifierEnv: { ...callServiceEnv, VAPID_PRIVATE_KEY: privateKey, VAPID_SUBJECT: SUBJECT } };
};

/** A VAPID pair, unless the environment brings one, and the stand-in for FCM at its port, where the run is to have it. */
export const startDevPush = async (env: Environment, dataFolder: string, standInAt: PortClaim | null): Promise<DevPush> => {
  const { callServiceEnv, notifierEnv } = await vapidEnv(env, dataFolder);
  if (standInAt === null) return { callServiceEnv, notifierEnv, [Symbol.asyncDispose]: async () => {} };
  const standIn = await startPushStandIn({ port: standInAt.port, keep: KEPT_PUSHES });
  return {
    callServiceEnv,
    notifierEnv: { ...notifierEnv, FCM_ENDPOINT: standIn.fcmUrl },
    [Symbol.asyncDispose]: () => standIn[Symbol.asyncDispose](),
  };
};
