import { createHmac } from 'node:crypto';
import { WEBHOOK_HEADERS } from '@trunkline/contract';

const PREFIX = 'whsec_';
const MIN_BYTES = 24;
const MAX_BYTES = 64;

/** The key of a secret as the Standard Webhooks specification writes it; null where it is none. */
export const secretOf = (text: string): Buffer | null => {
  if (!/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(text)) return null;
  const key = Buffer.from(text.slice(PREFIX.length), 'base64');
  return key.length >= MIN_BYTES && key.length <= MAX_BYTES ? key : null;
};

/** Signs what is sent, once with each secret, so that a receiver may know either of two (Standard Webhooks 1.0). */
export type Sign = (id: string, body: string, atMs: number) => Record<string, string>;

/** @throws when a text is no secret */
export const createSign = (secrets: readonly string[]): Sign => {
  const keys = secrets.map((text) => {
    const key = secretOf(text);
    if (key === null) throw new Error('a webhook secret is none');
    return key;
  });
  return (id, body, atMs) => {
    const timestamp = String(Math.floor(atMs / 1000));
    const signatures = keys.map((key) => `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`);
    return {
      'content-type': 'application/json',
      'user-agent': 'Trunkline',
      [WEBHOOK_HEADERS.id]: id,
      [WEBHOOK_HEADERS.timestamp]: timestamp,
      [WEBHOOK_HEADERS.signature]: signatures.join(' '),
    };
  };
};
