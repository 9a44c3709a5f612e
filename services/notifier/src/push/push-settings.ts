import { exactText, fcmEndpoint, integer, pushEndpointSettings, serviceAccountIn, vapidSettings } from '@trunkline/service-kit';
import { z } from 'zod';

/** Never quotes what it was given: that may be a private key. */
const serviceAccount = () =>
  z.string().transform((text, context) => {
    const account = serviceAccountIn(text);
    if (account !== null) return account;
    context.addIssue({ code: 'custom', message: "must be a service account's JSON, or the path of a file that holds it" });
    return z.NEVER;
  });

const perSecond = () => integer(0, 100_000).default(0);

export const pushSettings = {
  FIREBASE_SERVICE_ACCOUNT: serviceAccount()
    .optional()
    .describe('The service account that FCM pushes are sent with: its JSON, or the path of a file that holds it'),
  GOOGLE_APPLICATION_CREDENTIALS: exactText()
    .optional()
    .describe('The path of application default credentials, which FCM pushes are sent with where there is no `FIREBASE_SERVICE_ACCOUNT`'),
  GOOGLE_CLOUD_PROJECT: exactText()
    .optional()
    .describe('The Firebase project. Where it is set and no credentials are, those of the machine are used (Google Cloud)'),
  FCM_ENDPOINT: fcmEndpoint()
    .optional()
    .describe('Sends FCM’s traffic there instead, with a fixed credential, for tests and dev; `http` on a loopback address alone'),
  FCM_RATE_PER_SECOND: perSecond().describe(
    'How many pushes a replica sends to FCM in a second; 0: as many as there are. Rings never wait',
  ),
  ...vapidSettings,
  WEB_PUSH_RATE_PER_SECOND: perSecond().describe(
    'How many Web Pushes a replica sends in a second; 0: as many as there are. Rings never wait',
  ),
  ...pushEndpointSettings,
  PUSH_CONCURRENCY: integer(1, 5000).default(100).describe('How many pushes a replica sends at once, of FCM and of Web Push each'),
  PUSH_BREAKER_FAILURES: integer(1, 1000).default(5).describe('So many outages of a push provider in a row keep a replica away from it'),
  PUSH_BREAKER_OPEN_MS: integer(100, 60_000).default(5000).describe('For how long, before one push tries whether it is back'),
};
