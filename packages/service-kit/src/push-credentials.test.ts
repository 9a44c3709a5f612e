import { expect, it } from 'vitest';
import { newVapidPair, vapidPublicKeyOf } from './push-credentials.ts';

it('a new pair of VAPID belongs together, and has all its bytes: one private key of 256 begins with a zero', () => {
  for (let round = 0; round < 3000; round += 1) {
    const { publicKey, privateKey } = newVapidPair();
    expect(Buffer.from(privateKey, 'base64url')).toHaveLength(32);
    expect(vapidPublicKeyOf(privateKey)).toBe(publicKey);
  }
});
