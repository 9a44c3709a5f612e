import { DEV_SERVER_KEY } from '@trunkline/service-kit';
import { type Browser, hasBrowser, launchBrowser } from '@trunkline/testing';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { OPEN_ADDRESSES, openPhone, PATIENCE_MS } from './console-phones.ts';
import { type ConsoleSystem, startConsoleSystem } from './console-system.ts';

vi.setConfig({ testTimeout: 120_000 });

const PHONE_WIDTH = { width: 360, height: 740 };
/** Each page, and what is there when it shows what it has. */
const PAGES = { playground: 'iframe', live: '.tile', calls: 'a.row', pushes: '.nothing', 'users/bob': '.user-head' } as const;

/** What axe-core finds: by all of its rules, or by those alone. */
const barriersOn = async (page: Page, rules: readonly string[] | null): Promise<string[]> => {
  await page.evaluate(axe.source);
  return page.evaluate(async (only) => {
    const { axe: checker } = globalThis as unknown as { axe: typeof axe };
    const { violations } = await checker.run(document, { iframes: false, ...(only === null ? {} : { runOnly: [...only] }) });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  }, rules);
};

describe.runIf(await hasBrowser())('the pages of the console', () => {
  let parts: AsyncDisposableStack;
  let running: ConsoleSystem;
  let browser: Browser;
  let callId: string;
  /** What a page complained of, its policy included. */
  const complaints: string[] = [];

  const open = async (path: string): Promise<Page> => {
    const page = await browser.profile.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('pageerror', (error) => complaints.push(`${path}: ${error.message}`));
    page.on('console', (said) => {
      if (said.type() === 'error') complaints.push(`${path}: ${said.text()}`);
    });
    await page.goto(`${running.doors[0]}/console/#/${path}`);
    await page.locator('h1').waitFor();
    return page;
  };

  const shown = (): (readonly [string, string])[] => [...Object.entries(PAGES), [`calls/${callId}`, '.verdict']];

  beforeAll(async () => {
    parts = new AsyncDisposableStack();
    running = parts.use(await startConsoleSystem());
    browser = parts.use(await launchBrowser({ args: OPEN_ADDRESSES }));
    const [here, there] = running.doors;
    const alice = await openPhone(browser.profile, { door: here, user: 'alice', contacts: 'bob' });
    const bob = await openPhone(browser.profile, { door: there, user: 'bob', dialect: 'otomo' });
    await alice.press('Call');
    await bob.press('Decline');
    await alice.shows('Declined');
    callId = (await alice.call.getAttribute('data-call')) ?? '';
  });
  afterAll(() => parts.disposeAsync());

  it('are worked with the keyboard alone: a call is placed, answered and ended', async () => {
    const page = await open('playground');
    const [alice, bob] = [page.frameLocator('iframe').nth(0), page.frameLocator('iframe').nth(1)];
    for (const phone of [alice, bob]) await phone.locator('.link-connected').waitFor();
    const focused = (): Promise<string> =>
      page.evaluate(() => {
        const within = document.activeElement instanceof HTMLIFrameElement ? document.activeElement.contentDocument : document;
        return within?.activeElement?.textContent?.trim() ?? '';
      });
    /** Goes on with Tab until something of that name has the focus, which must be seen. */
    const tabTo = async (name: string): Promise<void> => {
      for (let presses = 0; presses < 60 && (await focused()) !== name; presses += 1) await page.keyboard.press('Tab');
      expect(await focused()).toBe(name);
      const outline = await page.evaluate(() => {
        const within = document.activeElement instanceof HTMLIFrameElement ? document.activeElement.contentDocument : document;
        return within?.activeElement ? getComputedStyle(within.activeElement).outlineStyle : 'none';
      });
      expect(outline).not.toBe('none');
    };
    await tabTo('Skip to the content');
    await page.keyboard.press('Enter');
    await tabTo('Call');
    await page.keyboard.press('Enter');
    await bob.getByText('Alice is calling').first().waitFor();
    await tabTo('Accept');
    await page.keyboard.press('Enter');
    await alice.locator('.talks').waitFor();
    await tabTo('Hang up');
    await page.keyboard.press('Space');
    await alice.locator('.phone[data-stage="over"]').waitFor();
  });

  it('leave the phones on, and in their call, while another page is looked at', async () => {
    const page = await open('playground');
    const [alice, bob] = [page.frameLocator('iframe').nth(0), page.frameLocator('iframe').nth(1)];
    for (const phone of [alice, bob]) await phone.locator('.link-connected').waitFor();
    await alice.getByRole('button', { name: 'Call', exact: true }).and(alice.locator(':not(nav button)')).click();
    await bob.getByRole('button', { name: 'Accept' }).click();
    await alice.locator('.talks').waitFor();
    await page.getByRole('link', { name: 'Live' }).click();
    await page.locator('.tile').first().waitFor();
    expect(await page.locator('iframe').first().isVisible()).toBe(false);
    expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.tagName)).not.toBe('IFRAME');
    await page.getByRole('link', { name: 'Playground' }).click();
    expect(await alice.locator('.talks').count()).toBe(1);
    await alice.getByRole('button', { name: 'Hang up' }).click();
    await bob.locator('.phone[data-stage="over"]').waitFor();
    await page.close();
  });

  it('say why a call went as it went, device by device', async () => {
    const page = await open('calls');
    await page.getByRole('link', { name: 'Alice → bob' }).first().waitFor();
    await page.goto(`${running.doors[0]}/console/#/calls/${callId}`);
    await page.locator('.verdict').getByText('Declined', { exact: true }).waitFor();
    expect(await page.locator('.legend').textContent()).toContain('bob · bob-phone');
    const steps = await page.locator('.step code').allTextContents();
    expect(steps).toEqual(expect.arrayContaining(['call_placed', 'ring_sent', 'ring_acknowledged', 'call_rejected']));
    expect(steps[0]).toBe('call_placed');
  });

  it('show what goes on, and who is connected, and disconnect them', async () => {
    const live = await open('live');
    await live.locator('.tile', { hasText: 'Connections' }).getByText(/[1-9]/).waitFor();
    const users = await open('users');
    await users.getByLabel('User').fill('bob');
    await users.getByRole('button', { name: 'Show' }).click();
    await users.getByText('bob-phone').first().waitFor();
    await users.getByRole('button', { name: 'Disconnect everywhere' }).click();
    await users.getByRole('button', { name: 'Disconnect now' }).click();
    await users.getByText(/connections are being closed/).waitFor();
    await users.getByText('Not connected.').or(users.getByText('Offline')).first().waitFor();
  });

  // English last: the choice is kept.
  it.each(['日本語', 'English'])('fit a phone, in %s', async (language) => {
    for (const [path, ready] of shown()) {
      const page = await open(path);
      await page.locator(ready).first().waitFor();
      await page.setViewportSize(PHONE_WIDTH);
      const choice = page.locator('.choices button');
      if ((await choice.textContent()) === language) await choice.click();
      await page.waitForFunction((lang) => document.documentElement.lang === lang, language === 'English' ? 'en' : 'ja');
      await page.locator('main').waitFor();
      const { scroll, client } = await page.evaluate(() => ({
        scroll: document.documentElement.scrollWidth,
        client: document.documentElement.clientWidth,
      }));
      expect(scroll, path).toBe(client);
      await page.close();
    }
  });

  it.each(['light', 'dark'] as const)('can be read and worked by everybody, in %s colours', async (colorScheme) => {
    // The pages are the same but for their colours.
    const rules = colorScheme === 'light' ? null : ['color-contrast'];
    for (const [path, ready] of shown()) {
      const page = await open(path);
      await page.emulateMedia({ colorScheme });
      await page.locator(ready).first().waitFor();
      expect(await barriersOn(page, rules), path).toEqual([]);
      await page.close();
    }
    const [alice, bob] = await Promise.all(
      (['ann', 'ben'] as const).map((user) =>
        openPhone(browser.profile, { door: running.doors[0], user: `${user}-${colorScheme}`, contacts: `ben-${colorScheme}` }),
      ),
    );
    if (alice === undefined || bob === undefined) throw new Error('the phones are open');
    for (const { page } of [alice, bob]) await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    expect(await barriersOn(alice.page, rules)).toEqual([]);
    await alice.press('Video call');
    await bob.reaches('incoming');
    expect(await barriersOn(bob.page, rules)).toEqual([]);
    await bob.press('Accept');
    await alice.shows('Hang up');
    expect(await barriersOn(alice.page, rules)).toEqual([]);
    await alice.press('Hang up');
    await bob.reaches('over');
    expect(await barriersOn(bob.page, rules)).toEqual([]);
  });

  it('ask for a key where they know none, take no wrong one, and keep the right one for the tab', async () => {
    const page = await browser.profile.newPage();
    await page.route('**/dev/console', (route) => route.fulfill({ status: 404 }));
    await page.goto(`${running.doors[0]}/console/#/live`);
    const key = page.getByLabel(/Server key|サーバーキー/);
    await key.fill('a-wrong-key');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => sessionStorage.getItem('trunkline-server-key') === null);
    await page.locator('form.gate [role=alert]', { hasText: /^(This key does not count\.|このキーは使えません。)$/ }).waitFor();
    expect(await barriersOn(page, null)).toEqual([]);
    await key.fill(DEV_SERVER_KEY);
    await page.keyboard.press('Enter');
    await page.locator('.tile').first().waitFor();
    await page.reload();
    await page.locator('.tile').first().waitFor();
    expect(await page.evaluate(() => localStorage.getItem('trunkline-server-key'))).toBeNull();
  });

  it('never break a rule of their own policy, and throw nothing', () => {
    expect(complaints.filter((said) => !said.includes('401'))).toEqual([]);
  });
});
