import { createECDH } from 'node:crypto';
import { expect, it } from 'vitest';
import { decryptPush } from './decrypt.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'base64url');

/** RFC 8291, appendix A. */
const RECEIVER_PRIVATE_KEY = bytes('q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94');
const AUTH = bytes('BTBZMqHH6r4Tts7J_aSIgg');
const BODY = bytes(
  'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
);

it('the example of RFC 8291 is read', () => {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(RECEIVER_PRIVATE_KEY);
  expect(decryptPush(BODY, { ecdh, auth: AUTH }).toString()).toBe('When I grow up, I want to be a watermelon');
});

it('what was meant for another subscription is not read', () => {
  const ecdh = createECDH('prime256v1');
  ecdh.generateKeys();
  expect(() => decryptPush(BODY, { ecdh, auth: AUTH })).toThrow();
});
