import { createECDH, createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const isPrivateKey = (text: string): boolean => {
  try {
    return createPrivateKey(text).type === 'private';
  } catch {
    return false;
  }
};

const ServiceAccount = z.looseObject({
  project_id: z.string().min(1),
  client_email: z.string().min(1),
  private_key: z.string().refine(isPrivateKey),
});
type ServiceAccount = z.output<typeof ServiceAccount>;

const readText = (path: string): string => readFileSync(path, 'utf8');

const readJson = (text: string, read: typeof readText): unknown => {
  try {
    return JSON.parse(text.trimStart().startsWith('{') ? text : read(text));
  } catch {
    return null;
  }
};

/** Google's service account: its JSON, or the path of a file that holds it; null where it is neither. */
export const serviceAccountIn = (text: string, read = readText): ServiceAccount | null =>
  ServiceAccount.safeParse(readJson(text, read)).data ?? null;

/** Of a pair of VAPID (RFC 8292), both in base64url; null: that is no private key. */
export const vapidPublicKeyOf = (privateKey: string): string | null => {
  const ecdh = createECDH('prime256v1');
  try {
    ecdh.setPrivateKey(privateKey, 'base64url');
    return ecdh.getPublicKey('base64url');
  } catch {
    return null;
  }
};

/** As Web Push names a sender (RFC 8292): P-256, in base64url. */
export interface VapidPair {
  publicKey: string;
  privateKey: string;
}

const PRIVATE_KEY_BYTES = 32;

export const newVapidPair = (): VapidPair => {
  const ecdh = createECDH('prime256v1');
  ecdh.generateKeys();
  // Node leaves leading zeros out.
  const privateKey = Buffer.concat([Buffer.alloc(PRIVATE_KEY_BYTES), ecdh.getPrivateKey()]).subarray(-PRIVATE_KEY_BYTES);
  return { publicKey: ecdh.getPublicKey('base64url'), privateKey: privateKey.toString('base64url') };
};
