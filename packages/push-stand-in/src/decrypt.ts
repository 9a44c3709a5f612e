import { createDecipheriv, type ECDH, hkdfSync } from 'node:crypto';

/** The keys of one subscription; `auth` is its secret of 16 bytes. */
export interface SubscriptionKeys {
  ecdh: ECDH;
  auth: Buffer;
}

const SALT_LENGTH = 16;
const TAG_LENGTH = 16;
const LAST_RECORD = 2;

const derive = (key: Uint8Array, salt: Uint8Array, purpose: Uint8Array, length: number): Buffer =>
  Buffer.from(hkdfSync('sha256', key, salt, purpose, length));

/** One message of a push service (RFC 8291 over RFC 8188: aes128gcm in one record). @throws when it was not meant for these keys */
export const decryptPush = (body: Buffer, { ecdh, auth }: SubscriptionKeys): Buffer => {
  const salt = body.subarray(0, SALT_LENGTH);
  const senderKeyAt = SALT_LENGTH + 5;
  const senderKeyEnd = senderKeyAt + body.readUInt8(SALT_LENGTH + 4);
  const senderKey = body.subarray(senderKeyAt, senderKeyEnd);
  const record = body.subarray(senderKeyEnd);

  const about = Buffer.concat([Buffer.from('WebPush: info\0'), ecdh.getPublicKey(), senderKey]);
  const secret = derive(ecdh.computeSecret(senderKey), auth, about, 32);
  const key = derive(secret, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
  const nonce = derive(secret, salt, Buffer.from('Content-Encoding: nonce\0'), 12);

  const decipher = createDecipheriv('aes-128-gcm', key, nonce);
  decipher.setAuthTag(record.subarray(-TAG_LENGTH));
  const padded = Buffer.concat([decipher.update(record.subarray(0, -TAG_LENGTH)), decipher.final()]);
  const end = padded.findLastIndex((byte) => byte !== 0);
  if (padded[end] !== LAST_RECORD) throw new Error('not one whole record');
  return padded.subarray(0, end);
};
