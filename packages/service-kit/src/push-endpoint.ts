import { isIP } from 'node:net';
import { z } from 'zod';
import { list, type Rule } from './config.ts';

/** The push services of Chrome, Firefox, Safari and Edge. */
const BROWSERS_HOSTS = [
  'fcm.googleapis.com',
  'jmt17.google.com',
  '*.push.services.mozilla.com',
  '*.push.apple.com',
  '*.notify.windows.com',
].join(',');

/** Settings of the services that are given, or send to, the endpoints of Web Push subscriptions. */
export const pushEndpointSettings = {
  WEB_PUSH_ALLOWED_HOSTS: list()
    .pipe(z.array(z.string().regex(/^(?:\*\.)?[a-z0-9.-]+$/, 'must be host names in lower case, with "*." in front for all below one')))
    .prefault(BROWSERS_HOSTS)
    .describe("The hosts of Web Push endpoints, separated by commas; `*.` in front means all below. The browsers' own where unset"),
  WEB_PUSH_ALLOW_INSECURE: z
    .enum(['0', '1'])
    .default('0')
    .transform((flag) => flag === '1')
    .describe('`1`: endpoints may be anywhere, inside addresses and `http` too. For tests only; production refuses it'),
};

export interface PushEndpointRules {
  NODE_ENV: string;
  WEB_PUSH_ALLOWED_HOSTS: readonly string[];
  WEB_PUSH_ALLOW_INSECURE: boolean;
}

export const refuseInsecurePushInProduction: Rule<PushEndpointRules> = {
  judge: (config, context) => {
    if (config.NODE_ENV === 'production' && config.WEB_PUSH_ALLOW_INSECURE)
      context.addIssue({ code: 'custom', path: ['WEB_PUSH_ALLOW_INSECURE'], message: 'is for tests only, which production refuses' });
  },
};

const isListed = (host: string, allowed: readonly string[]): boolean =>
  allowed.some((entry) => (entry.startsWith('*.') ? host.endsWith(entry.slice(1)) : host === entry));

/** Why nothing may be sent to this endpoint, or null. What its name leads to is for the sender to check, at every connection. */
export const pushEndpointProblem = (endpoint: string, rules: Omit<PushEndpointRules, 'NODE_ENV'>): string | null => {
  const url = URL.parse(endpoint);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return 'must be an https:// URL';
  if (url.username !== '' || url.password !== '') return 'must not hold a user or a password';
  if (rules.WEB_PUSH_ALLOW_INSECURE) return null;
  if (url.protocol !== 'https:') return 'must be an https:// URL';
  if (isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0) return 'must name a host, not an address';
  return isListed(url.hostname, rules.WEB_PUSH_ALLOWED_HOSTS) ? null : 'is not at a known push service (WEB_PUSH_ALLOWED_HOSTS)';
};
