import { type Browser, hasBrowser, launchBrowser } from '@trunkline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPhone, type PhonePage } from './console-phones.ts';
import { type ConsoleSystem, startConsoleSystem } from './console-system.ts';

describe.runIf(await hasBrowser())('two phones of the console, in two profiles, on two gateways', () => {
  let parts: AsyncDisposableStack;
  let running: ConsoleSystem;
  let alice: PhonePage;
  let bob: PhonePage;

  beforeAll(async () => {
    parts = new AsyncDisposableStack();
    running = parts.use(await startConsoleSystem());
    const browser: Browser = parts.use(await launchBrowser());
    alice = await openPhone(browser.profile, { door: running.doors[0], user: 'alice', contacts: 'bob' });
    bob = await openPhone(await browser.newProfile(), { door: running.doors[1], user: 'bob', contacts: 'alice' });
  });
  afterAll(() => parts.disposeAsync());

  it('are in a call that is accepted and ended', async () => {
    await alice.press('Call');
    await bob.shows('Alice is calling');
    await alice.reaches('ringing');
    await bob.press('Accept');
    await Promise.all([alice.reaches('connecting'), bob.reaches('connecting')]);
    await alice.press('Hang up');
    await Promise.all([alice.shows('Call ended'), bob.shows('Call ended')]);
    expect(await bob.call.getAttribute('data-call')).toBe(await alice.call.getAttribute('data-call'));
  });
});
