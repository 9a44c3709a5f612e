import { type Browser, hasBrowser, launchBrowser } from '@trunkline/testing';
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { OPEN_ADDRESSES, openPhone, type PhonePage, type PhoneWish } from './console-phones.ts';
import { type ConsoleSystem, startConsoleSystem } from './console-system.ts';

// Most of their time, phones wait for each other.
vi.setConfig({ maxConcurrency: 2, testTimeout: 120_000 });

const IMPATIENT = { CALLER_GRACE_SECONDS: '1', UNREACHABLE_GRACE_SECONDS: '1' };

describe.runIf(await hasBrowser())('two phones of the console, in two profiles, on two gateways', () => {
  let parts: AsyncDisposableStack;
  let running: ConsoleSystem;
  let profiles: readonly [BrowserContext, BrowserContext];

  beforeAll(async () => {
    parts = new AsyncDisposableStack();
    running = parts.use(await startConsoleSystem({ settings: IMPATIENT }));
    const browser: Browser = parts.use(await launchBrowser({ args: OPEN_ADDRESSES }));
    profiles = [browser.profile, await browser.newProfile()];
  });
  afterAll(() => parts.disposeAsync());

  let count = 0;
  /** Two people that no other test knows, the one with the other as a contact; and more phones, as they are opened. */
  const openTwo = async (callerDialect: PhoneWish['dialect'] = 'onlycare', calleeDialect: PhoneWish['dialect'] = 'onlycare') => {
    count += 1;
    const [ann, bob] = [`ann${count}`, `bob${count}`];
    const phones: PhonePage[] = [];
    const open = async (side: 0 | 1, wish: Omit<PhoneWish, 'door'>): Promise<PhonePage> => {
      const phone = await openPhone(profiles[side], { door: running.doors[side], ...wish });
      phones.push(phone);
      return phone;
    };
    const [caller, callee] = await Promise.all([
      open(0, { user: ann, contacts: bob, dialect: callerDialect }),
      open(1, { user: bob, contacts: ann, dialect: calleeDialect }),
    ]);
    const close = async (): Promise<void> => void (await Promise.all(phones.map(({ page }) => page.close())));
    return { ann, bob, caller, callee, open, [Symbol.asyncDispose]: close };
  };

  const ring = async ({ caller, callee }: { caller: PhonePage; callee: PhonePage }): Promise<void> => {
    await caller.press('Call');
    await Promise.all([callee.reaches('incoming'), caller.reaches('ringing')]);
  };

  /** Both say how it ended, and nothing rings any more. */
  const ends = async (phone: PhonePage, title: string): Promise<void> => {
    await phone.reaches('over');
    await phone.shows(title);
    expect(await phone.page.getByRole('alert').textContent()).toBe(title);
  };

  it.concurrent.each([
    ['onlycare', 'chattrix'],
    ['chattrix', 'otomo'],
    ['otomo', 'onlycare'],
  ] as const)('%s rings %s: it is accepted, and ended by either', async (...dialects) => {
    await using two = await openTwo(...dialects);
    await ring(two);
    await two.callee.press('Accept');
    await Promise.all([two.caller.reaches('active'), two.callee.reaches('active')]);
    await two.caller.press('Hang up');
    await Promise.all([ends(two.caller, 'Call ended'), ends(two.callee, 'Call ended')]);
    for (const phone of [two.caller, two.callee]) await phone.press('Done');
    await ring(two);
    await two.callee.press('Accept');
    await two.caller.shows('Hang up');
    await two.callee.press('Hang up');
    await Promise.all([ends(two.caller, 'Call ended'), ends(two.callee, 'Call ended')]);
  });

  it.concurrent.each(['onlycare', 'chattrix', 'otomo'] as const)('%s rings: it is declined, and cancelled', async (dialect) => {
    await using two = await openTwo(dialect, dialect);
    await ring(two);
    await two.callee.press('Decline');
    await Promise.all([ends(two.caller, 'Declined'), ends(two.callee, 'Declined')]);
    for (const phone of [two.caller, two.callee]) await phone.press('Done');
    await ring(two);
    await two.caller.press('Cancel');
    await Promise.all([ends(two.caller, 'Cancelled'), ends(two.callee, 'Missed call')]);
  });

  it.concurrent.each(['onlycare', 'chattrix', 'otomo'] as const)('%s rings, and nobody answers', async (dialect) => {
    await using two = await openTwo(dialect, dialect);
    const hasty = await two.open(0, { user: `hasty-${dialect}`, dialect, contacts: two.bob, ring: '5' });
    await hasty.press('Call');
    await Promise.all([ends(hasty, 'No answer'), ends(two.callee, 'Missed call')]);
  });

  it.concurrent('somebody in a call is busy, and somebody whose phone is off cannot be reached', async () => {
    await using two = await openTwo();
    await ring(two);
    const late = await two.open(0, { user: 'late', contacts: two.bob });
    await late.press('Call');
    await ends(late, 'Busy');
    await late.press('Done');
    await two.caller.press('Cancel');
    await two.callee.press('Kill the app');
    await two.callee.page.getByRole('button', { name: 'Turn on' }).waitFor();
    await late.press('Call');
    await ends(late, 'Cannot be reached');
  });

  it.concurrent('a caller whose app is killed has cancelled', async () => {
    await using two = await openTwo();
    await ring(two);
    await two.caller.press('Kill the app');
    await ends(two.callee, 'Missed call');
  });

  it.concurrent.each(['onlycare', 'chattrix', 'otomo'] as const)(
    '%s that is killed in a call and turned on again is in it, on either side, and learns that it is over',
    async (dialect) => {
      await using two = await openTwo(dialect, dialect);
      const again = async (phone: PhonePage): Promise<void> => {
        await phone.press('Kill the app');
        await phone.press('Turn on');
        await phone.shows('Hang up');
      };
      await ring(two);
      await two.callee.press('Accept');
      await Promise.all([two.caller.reaches('active'), two.callee.reaches('active')]);
      await again(two.callee);
      await two.callee.press('Hang up');
      await Promise.all([ends(two.caller, 'Call ended'), ends(two.callee, 'Call ended')]);
      for (const phone of [two.caller, two.callee]) await phone.press('Done');
      await ring(two);
      await two.callee.press('Accept');
      await Promise.all([two.caller.reaches('active'), two.callee.reaches('active')]);
      await again(two.caller);
      await two.caller.press('Kill the app');
      await two.callee.press('Hang up');
      await two.caller.press('Turn on');
      await ends(two.caller, 'Call ended');
      await two.caller.press('Done');
      await two.caller.press('Kill the app');
      await two.caller.press('Turn on');
      await two.caller.reaches('idle');
    },
  );

  it.concurrent.each(['onlycare', 'chattrix', 'otomo'] as const)(
    '%s says why it cannot call, which has no trace, and forgets it was offline',
    async (dialect) => {
      await using two = await openTwo(dialect, dialect);
      await two.caller.page.getByLabel('Whom to call').fill(two.ann);
      await two.caller.press('Call');
      await ends(two.caller, 'Not connected');
      await two.caller.shows('You cannot call yourself');
      expect(await two.caller.page.getByText('Show its trace').count()).toBe(0);
      await two.caller.press('Done');
      await two.caller.page.getByLabel('Whom to call').fill(two.bob);
      await ring(two);
      if (dialect !== 'onlycare') {
        // Somebody whose only device is gone is rejected.
        await two.open(1, { user: two.bob, device: 'tablet' });
        await two.callee.press('Go offline');
        await two.callee.press('Decline');
        await two.callee.shows('There is no connection');
        await two.callee.press('Go online');
        await two.callee.page.locator('.link-connected').waitFor();
        expect(await two.callee.page.getByText('There is no connection').count()).toBe(0);
      }
      await two.callee.press('Decline');
      await ends(two.caller, 'Declined');
      expect(await two.caller.page.getByText('Show its trace').count()).toBe(1);
    },
  );

  it.concurrent.each(['onlycare', 'chattrix'] as const)(
    '%s without a network comes back to the call that rings, and the other device stops',
    async (dialect) => {
      await using two = await openTwo('onlycare', dialect);
      const tablet = await two.open(1, { user: two.bob, device: 'tablet', dialect: 'otomo' });
      await two.callee.press('Go offline');
      await two.callee.page.getByText('No network').waitFor();
      await two.caller.press('Call');
      await tablet.reaches('incoming');
      expect(await two.callee.call.getAttribute('data-stage')).toBe('idle');
      await two.callee.press('Go online');
      await two.callee.reaches('incoming');
      await two.callee.press('Accept');
      await ends(tablet, 'Answered on another device');
      await Promise.all([two.caller.reaches('active'), two.callee.reaches('active')]);
      await two.caller.press('Hang up');
      await ends(two.callee, 'Call ended');
    },
  );

  it.concurrent('two who ring each other are in one call', async () => {
    await using two = await openTwo();
    // Without a network both places wait, so that neither is rung before it has placed; and where nothing else of somebody is reachable,
    // the other's call is soon over.
    const tablets = await Promise.all([two.open(0, { user: two.ann, device: 'tablet' }), two.open(1, { user: two.bob, device: 'tablet' })]);
    const both = [two.caller, two.callee];
    for (const what of ['Go offline', 'Call']) await Promise.all(both.map((phone) => phone.press(what)));
    await two.caller.press('Go online');
    await tablets[1].reaches('incoming');
    await two.callee.press('Go online');
    await Promise.all([two.caller.reaches('active'), two.callee.reaches('active'), ends(tablets[1], 'Answered on another device')]);
    expect(await tablets[0].call.getAttribute('data-stage')).toBe('idle');
    await two.callee.press('Hang up');
    await ends(two.caller, 'Call ended');
  });

  it.concurrent('they write to each other, and see that the other one writes and has read', async () => {
    await using two = await openTwo('onlycare', 'otomo');
    const [asking, answering] = [two.caller.page, two.callee.page];
    await asking.getByRole('button', { name: 'Chat' }).click();
    await asking.getByLabel('Write a message').fill('Are you there?');
    await asking.getByRole('button', { name: 'Send' }).click();
    await answering.locator('.badge').waitFor();
    await answering.getByRole('button', { name: 'Chat' }).click();
    await answering.getByText('Are you there?').waitFor();
    await asking.getByText('read', { exact: false }).first().waitFor();
    await answering.getByLabel('Write a message').pressSequentially('Yes');
    await asking.getByText(`${two.bob} is typing …`).waitFor();
    await answering.getByRole('button', { name: 'Send' }).click();
    await asking.getByText('Yes', { exact: true }).waitFor();
    expect(await answering.locator('.badge').count()).toBe(0);
    for (const page of [asking, answering]) {
      await page.getByRole('button', { name: 'Log' }).click();
      const words = await page.locator('.log-entry summary').allTextContents();
      expect(words).toEqual(
        expect.arrayContaining(['join_chat', 'chat_history', 'send_message', 'new_message', 'typing_indicator', 'messages_read']),
      );
    }
  });
});
