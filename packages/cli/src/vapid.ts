import { createECDH } from 'node:crypto';

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
