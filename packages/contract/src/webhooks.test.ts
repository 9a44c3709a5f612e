import { describe, expect, it } from 'vitest';
import { HookAnswer } from './webhooks.ts';

const DEFAULT = 'This call is not allowed';
const deny = (reason: unknown) => ({ action: 'deny', reason });

describe('a clear deny stays one, and its reason', () => {
  it.each<[string, object, string]>([
    ['is told as it came', deny('No credit left'), 'No credit left'],
    ['of 200 characters is told whole', deny('x'.repeat(200)), 'x'.repeat(200)],
    ['is cut to 200 characters', deny('x'.repeat(300)), 'x'.repeat(200)],
    ['is not cut through a character', deny(`${'x'.repeat(199)}😀 and more`), 'x'.repeat(199)],
    ['that is cut before what cannot be stored is told', deny(`${'x'.repeat(200)}\0`), 'x'.repeat(200)],
    ['that is missing is ours', { action: 'deny' }, DEFAULT],
    ['of null is ours', deny(null), DEFAULT],
    ['that is empty is ours', deny(''), DEFAULT],
    ['that is blank is ours', deny(' \n'), DEFAULT],
    ['that is no text is ours', deny({ en: 'No credit left' }), DEFAULT],
    ['that cannot be stored is ours', deny('No \0credit'), DEFAULT],
    ['of half a character is ours', deny('\ud83d'), DEFAULT],
  ])('%s', (_what, answer, reason) => {
    expect(HookAnswer.parse(answer)).toEqual({ action: 'deny', reason });
  });
});

it.each([{ action: 'allow' }, deny('No credit left'), { action: 'silence' }])(
  'of %j, what we do not know beside it is ignored',
  (answer) => {
    expect(HookAnswer.parse({ ...answer, ttlSeconds: 30, more: null })).toEqual(answer);
  },
);

it.each([{ action: 'DENY' }, { action: 'maybe' }, {}, [], null, 'deny'])('%j is no answer', (answer) => {
  expect(HookAnswer.safeParse(answer).success).toBe(false);
});
