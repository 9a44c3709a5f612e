import { expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfig } from './config.ts';
import { pushEndpointProblem, pushEndpointSettings, refuseInsecurePushInProduction } from './push-endpoint.ts';

const Settings = z.object({ NODE_ENV: z.string().default('development'), ...pushEndpointSettings });
const usual = loadConfig(Settings, {});

it.each([
  'https://fcm.googleapis.com/fcm/send/abc',
  'https://updates.push.services.mozilla.com/wpush/v2/abc',
  'https://web.push.apple.com/abc',
  'https://wns2-par02p.notify.windows.com/w/?token=abc',
])('the endpoint of a browser, %s, is taken', (endpoint) => {
  expect(pushEndpointProblem(endpoint, usual)).toBe(null);
});

const HTTPS = 'must be an https:// URL';
const ADDRESS = 'must name a host, not an address';
const UNKNOWN = 'is not at a known push service (WEB_PUSH_ALLOWED_HOSTS)';

it.each([
  ['no url', HTTPS],
  ['http://fcm.googleapis.com/fcm/send/abc', HTTPS],
  ['file:///etc/passwd', HTTPS],
  ['https://user@fcm.googleapis.com/', 'must not hold a user or a password'],
  ['https://127.0.0.1/', ADDRESS],
  ['https://0x7f000001/', ADDRESS],
  ['https://2130706433/', ADDRESS],
  ['https://127.1/', ADDRESS],
  ['https://10.0.0.1:6379/', ADDRESS],
  ['https://169.254.169.254/latest/meta-data', ADDRESS],
  ['https://[::1]/', ADDRESS],
  ['https://[::ffff:127.0.0.1]/', ADDRESS],
  ['https://localhost/', UNKNOWN],
  ['https://redis:6379/', UNKNOWN],
  ['https://fcm.googleapis.com.evil.example/', UNKNOWN],
  ['https://evilfcm.googleapis.com/', UNKNOWN],
  ['https://notify.windows.com.evil.example/', UNKNOWN],
  ['https://fcm.googleapis.com./', UNKNOWN],
])('%s is refused', (endpoint, problem) => {
  expect(pushEndpointProblem(endpoint, usual)).toBe(problem);
});

it('other hosts are taken when they are listed, and no others then', () => {
  const rules = loadConfig(Settings, { WEB_PUSH_ALLOWED_HOSTS: 'push.example.com, *.push.example.net' });
  expect(pushEndpointProblem('https://push.example.com/a', rules)).toBe(null);
  expect(pushEndpointProblem('https://a.push.example.net/a', rules)).toBe(null);
  expect(pushEndpointProblem('https://push.example.net/a', rules)).toBe(UNKNOWN);
  expect(pushEndpointProblem('https://fcm.googleapis.com/a', rules)).toBe(UNKNOWN);
});

it('tests may send to themselves, production may not', () => {
  expect(pushEndpointProblem('http://127.0.0.1:9/a', loadConfig(Settings, { WEB_PUSH_ALLOW_INSECURE: '1' }))).toBe(null);
  const insecure = { WEB_PUSH_ALLOW_INSECURE: '1', NODE_ENV: 'production' };
  expect(() => loadConfig(Settings, insecure, [refuseInsecurePushInProduction])).toThrow('WEB_PUSH_ALLOW_INSECURE');
});
