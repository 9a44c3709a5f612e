import { hasBrowser, launchBrowser } from '@trunkline/testing';
import { describe, expect, it } from 'vitest';

describe.runIf(await hasBrowser())('the browser of tests', () => {
  it('has two profiles that share nothing', async () => {
    await using browser = await launchBrowser();
    const other = await browser.newProfile();
    const cookie = { name: 'who', value: 'alice', url: 'http://127.0.0.1/' };
    await browser.profile.addCookies([cookie]);
    expect(await browser.profile.cookies()).toHaveLength(1);
    expect(await other.cookies()).toEqual([]);
  });

  it('is gone when it is disposed of', async () => {
    const browser = await launchBrowser();
    const page = await browser.profile.newPage();
    await browser[Symbol.asyncDispose]();
    expect(page.isClosed()).toBe(true);
    await expect(browser.newProfile()).rejects.toThrow();
  });
});
