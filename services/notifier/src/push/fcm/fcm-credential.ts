import { applicationDefault, type Credential, cert, type ServiceAccount } from 'firebase-admin/app';
import { steadyCredential } from './steady-credential.ts';

/** The access token of Firebase's own emulators: a redirected FCM gets no other. */
const FIXED: Credential = { getAccessToken: async () => ({ access_token: 'owner', expires_in: 3600 }) };

/** Where FCM is, and as whom we speak to it. */
export interface FcmAccess {
  /** FCM itself where null. */
  endpoint: string | null;
  /** The account's JSON as Google gives it; application default credentials where null. */
  serviceAccount: Readonly<Record<string, unknown>> | null;
}

/** firebase-admin keeps each credential that it makes for the next who asks for it: this is a new one of the same class. */
const another = (kept: Credential, ...given: readonly unknown[]): Credential => Reflect.construct(kept.constructor, given) as Credential;

export const fcmCredential = ({ endpoint, serviceAccount }: FcmAccess): Credential => {
  if (endpoint !== null) return FIXED;
  return steadyCredential(() => {
    if (serviceAccount === null) return another(applicationDefault());
    return another(cert(serviceAccount as ServiceAccount), serviceAccount);
  });
};
