import { applicationDefault, type Credential, cert, type ServiceAccount } from 'firebase-admin/app';

/** The access token of Firebase's own emulators: a redirected FCM gets no other. */
const FIXED: Credential = { getAccessToken: async () => ({ access_token: 'owner', expires_in: 3600 }) };

/** Where FCM is, and as whom we speak to it. */
export interface FcmAccess {
  /** FCM itself where null. */
  endpoint: string | null;
  /** The account's JSON as Google gives it; application default credentials where null. */
  serviceAccount: Readonly<Record<string, unknown>> | null;
}

export const fcmCredential = ({ endpoint, serviceAccount }: FcmAccess): Credential => {
  if (endpoint !== null) return FIXED;
  return serviceAccount === null ? applicationDefault() : cert(serviceAccount as ServiceAccount);
};
