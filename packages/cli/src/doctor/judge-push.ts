import { type SettingProblem, serviceAccountIn, VAPID_NAMES } from '@trunkline/service-kit';
import type { Environment } from '../command.ts';
import type { Finding } from './finding.ts';
import { problemOf } from './problem-of.ts';
import { readPushSettings } from './push-settings.ts';

type ReadText = (path: string) => string;

const FCM = 'FCM';
const CREDENTIALS = ['FIREBASE_SERVICE_ACCOUNT', 'GOOGLE_APPLICATION_CREDENTIALS', 'GOOGLE_CLOUD_PROJECT'];
const ENDPOINT_ADVICE =
  'Unset FCM_ENDPOINT, which is for tests and dev: beside it no credentials are used, and nothing is sent to FCM itself.';

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

const holdsJson = (path: string, readText: ReadText): boolean => {
  try {
    const held: unknown = JSON.parse(readText(path));
    return typeof held === 'object' && held !== null;
  } catch {
    return false;
  }
};

/** The notifier starts with whatever they are, and each push fails. */
const judgeDefaultCredentials = (env: Environment, readText: ReadText): Finding => {
  const path = env['GOOGLE_APPLICATION_CREDENTIALS'];
  if (path && !holdsJson(path, readText))
    return {
      level: 'problem',
      about: 'GOOGLE_APPLICATION_CREDENTIALS',
      says: 'is no file that can be read and holds JSON',
      advice: 'Name the file of the credentials as Google Cloud gives it, where the notifier has it.',
    };
  const other = CREDENTIALS.find((name) => env[name]);
  if (other !== undefined) return { level: 'ok', about: FCM, says: `${other} is set` };
  return {
    level: 'note',
    about: FCM,
    says: 'is not set up, so phones get no push over it',
    advice:
      'Give the notifier FIREBASE_SERVICE_ACCOUNT, a service account’s JSON or its file, or GOOGLE_APPLICATION_CREDENTIALS. pnpm dev has a stand-in.',
  };
};

const judgeEndpoint = (env: Environment): Finding => {
  const says = 'goes to FCM_ENDPOINT, not to phones';
  if (env['NODE_ENV'] === 'production') return { level: 'problem', about: FCM, says, advice: ENDPOINT_ADVICE };
  const isAlone = CREDENTIALS.every((name) => !env[name]);
  return { level: 'note', about: FCM, says, ...(isAlone ? {} : { advice: ENDPOINT_ADVICE }) };
};

/** The endpoint comes first, as the notifier has it: services/notifier/src/push/fcm/fcm-credential.ts. */
const judgeFcm = (env: Environment, readText: ReadText, refused: SettingProblem | undefined): Finding[] => {
  const account = env['FIREBASE_SERVICE_ACCOUNT'];
  const judged = account ? judgeAccount(account, readText) : null;
  if (!env['FCM_ENDPOINT']) return [judged ?? judgeDefaultCredentials(env, readText)];
  const endpoint = refused === undefined ? judgeEndpoint(env) : problemOf(refused, { FCM_ENDPOINT: ENDPOINT_ADVICE });
  return judged?.level === 'problem' ? [endpoint, judged] : [endpoint];
};

const WEB_PUSH = 'Web Push';
const VAPID_ADVICE =
  'Set VAPID_PUBLIC_KEY and VAPID_PRIVATE_KEY as npx pnpm@12 trunkline vapid prints them, and VAPID_SUBJECT, a mailto: or https: URL. pnpm dev has its own.';
const ADVICE: Readonly<Record<string, string>> = {
  ...Object.fromEntries(VAPID_NAMES.map((name) => [name, VAPID_ADVICE])),
  WEB_PUSH_ALLOWED_HOSTS: 'Name the hosts of push services, or unset it for those of the browsers.',
  WEB_PUSH_ALLOW_INSECURE: 'Unset it, which is for tests: call-service and the notifier do not start with it.',
};

const judgeWebPush = (env: Environment, refused: readonly SettingProblem[]): Finding[] => {
  const problems = refused.map((problem) => problemOf(problem, ADVICE));
  const missing = VAPID_NAMES.filter((name) => !env[name]);
  if (missing.length === VAPID_NAMES.length)
    return [...problems, { level: 'note', about: WEB_PUSH, says: 'is not set up, so browsers get no push', advice: VAPID_ADVICE }];
  if (missing.length > 0) {
    const says = `${missing.join(', ')} is missing beside the others`;
    return [{ level: 'problem', about: WEB_PUSH, says, advice: VAPID_ADVICE }, ...problems];
  }
  return problems.length > 0 ? problems : [{ level: 'ok', about: WEB_PUSH, says: 'the keys belong together' }];
};

/** The push providers, as the notifier judges their settings. No key is ever printed. */
export const judgePush = (env: Environment, readText: ReadText): Finding[] => {
  const read = readPushSettings(env);
  const refused = 'problems' in read ? read.problems : [];
  const ofEndpoint = refused.find(({ name }) => name === 'FCM_ENDPOINT');
  return [
    ...judgeFcm(env, readText, ofEndpoint),
    ...judgeWebPush(
      env,
      refused.filter(({ name }) => name !== 'FCM_ENDPOINT'),
    ),
  ];
};
