import { serviceAccountIn, vapidPublicKeyOf } from '@trunkline/service-kit';
import type { Environment } from '../command.ts';
import type { Finding } from './finding.ts';

type ReadText = (path: string) => string;

const FCM = 'FCM';

const judgeAccount = (account: string, readText: ReadText): Finding => {
  const found = serviceAccountIn(account, readText);
  if (found !== null) return { level: 'ok', about: FCM, says: `the service account of ${found.project_id}` };
  return {
    level: 'problem',
    about: 'FIREBASE_SERVICE_ACCOUNT',
    says: 'is neither the JSON of a service account nor a file that holds it and can be read',
    advice:
      'Make a key in the Firebase console (Project settings, Service accounts): project_id, client_email and private_key must be in it.',
  };
};

const judgeFcm = (env: Environment, readText: ReadText): Finding => {
  const account = env['FIREBASE_SERVICE_ACCOUNT'];
  if (account) return judgeAccount(account, readText);
  if (env['FCM_ENDPOINT']) return { level: 'note', about: FCM, says: 'goes to FCM_ENDPOINT, not to phones' };
  const other = ['GOOGLE_APPLICATION_CREDENTIALS', 'GOOGLE_CLOUD_PROJECT'].find((name) => env[name]);
  if (other !== undefined) return { level: 'ok', about: FCM, says: `${other} is set` };
  return {
    level: 'note',
    about: FCM,
    says: 'is not set up, so phones get no push over it',
    advice:
      'Give the notifier FIREBASE_SERVICE_ACCOUNT, a service account’s JSON or its file, or GOOGLE_APPLICATION_CREDENTIALS. pnpm dev has a stand-in.',
  };
};

const WEB_PUSH = 'Web Push';
const VAPID_NAMES = ['VAPID_PUBLIC_KEY', 'VAPID_PRIVATE_KEY', 'VAPID_SUBJECT'];
const VAPID_ADVICE =
  'Set VAPID_PUBLIC_KEY and VAPID_PRIVATE_KEY as npx pnpm@12 trunkline vapid prints them, and VAPID_SUBJECT, a mailto: or https: URL. pnpm dev has its own.';

const judgeVapid = (env: Environment): Finding => {
  const missing = VAPID_NAMES.filter((name) => !env[name]);
  if (missing.length === VAPID_NAMES.length)
    return { level: 'note', about: WEB_PUSH, says: 'is not set up, so browsers get no push', advice: VAPID_ADVICE };
  if (missing.length > 0)
    return { level: 'problem', about: WEB_PUSH, says: `${missing.join(', ')} is missing beside the others`, advice: VAPID_ADVICE };
  if (vapidPublicKeyOf(env['VAPID_PRIVATE_KEY'] ?? '') === env['VAPID_PUBLIC_KEY'])
    return { level: 'ok', about: WEB_PUSH, says: 'the keys belong together' };
  return { level: 'problem', about: 'VAPID_PRIVATE_KEY', says: 'does not belong to VAPID_PUBLIC_KEY', advice: VAPID_ADVICE };
};

/** The push providers, one finding each, as the notifier judges their settings. No key is ever printed. */
export const judgePush = (env: Environment, readText: ReadText): Finding[] => [judgeFcm(env, readText), judgeVapid(env)];
