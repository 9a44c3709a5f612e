import { ECDH } from 'node:crypto';
import { DeviceId, FcmTokenKind, PushPlatform } from '@trunkline/contract';
import { type PushEndpointRules, pushEndpointProblem } from '@trunkline/service-kit';
import { z } from 'zod';
import { inEitherSpelling } from './either-spelling.ts';

/** Longer than any that Firebase or a push service gives out, and short enough for an index. */
const MAX_ADDRESS_LENGTH = 2048;
const AUTH_BYTES = 16;
const POINT_BYTES = 65;

const Locale = z
  .string()
  .regex(/^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$/, 'must be a language tag, as ja or ja-JP')
  .max(35);

const visible = z
  .string()
  .min(1)
  .max(MAX_ADDRESS_LENGTH)
  .regex(/^[!-~]*$/, 'must be printable ASCII without blanks');

const about = { deviceId: DeviceId.nullish(), locale: Locale.nullish() };

export const DeviceBody = inEitherSpelling(z.object({ token: visible, platform: PushPlatform, kind: FcmTokenKind.nullish(), ...about }), [
  'deviceId',
]);

const bytesOf = (base64url: string): Buffer => Buffer.from(base64url, 'base64url');

const base64url = z.string().regex(/^[A-Za-z0-9_-]+={0,2}$/, 'must be base64url');

const isPoint = (bytes: Buffer): boolean => {
  if (bytes.length !== POINT_BYTES || bytes[0] !== 4) return false;
  try {
    ECDH.convertKey(bytes, 'prime256v1', undefined, undefined, 'compressed');
    return true;
  } catch {
    return false;
  }
};

/** The keys of a subscription (RFC 8291, section 2.1 and 3.2). */
const Keys = z.object({
  p256dh: base64url.max(100).refine((text) => isPoint(bytesOf(text)), 'must be a point on P-256, uncompressed: 65 bytes'),
  auth: base64url.max(30).refine((text) => bytesOf(text).length === AUTH_BYTES, 'must be 16 bytes'),
});

/** A subscription as browsers give it (W3C Push API, `PushSubscription.toJSON`). */
export const subscriptionBody = (rules: Omit<PushEndpointRules, 'NODE_ENV'>) =>
  inEitherSpelling(
    z.object({
      endpoint: visible.superRefine((endpoint, context) => {
        const message = pushEndpointProblem(endpoint, rules);
        if (message !== null) context.addIssue({ code: 'custom', message });
      }),
      expirationTime: z.number().nullish(),
      keys: Keys,
      ...about,
    }),
    ['expirationTime', 'deviceId'],
  );

export const RemovedDevice = z.object({ token: visible });
export const RemovedSubscription = z.object({ endpoint: visible });
