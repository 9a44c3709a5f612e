import { hasBrowser, launchBrowser } from '@trunkline/testing';
import { describe, expect, it, vi } from 'vitest';
import { openPhone } from './console-phones.ts';
import { startConsoleSystem } from './console-system.ts';

vi.setConfig({ testTimeout: 120_000 });

/** Chromium's own camera and microphone, without asking anybody. */
const FAKE_DEVICES = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

describe.runIf(await hasBrowser())('a video call between two phones of the console', () => {
  it('connects its media through what Trunkline relays, and both sides receive the other’s picture', async () => {
    await using running = await startConsoleSystem();
    await using browser = await launchBrowser({ args: FAKE_DEVICES });
    const [here, there] = running.doors;
    const caller = await openPhone(browser.profile, { door: here, user: 'alice', dialect: 'otomo', contacts: 'bob' });
    const callee = await openPhone(await browser.newProfile(), { door: there, user: 'bob', dialect: 'onlycare' });
    await caller.press('Video call');
    await callee.press('Accept');
    for (const { page } of [caller, callee]) {
      await page.getByText('Media connected').waitFor();
      await page.getByRole('combobox', { name: 'Media' }).selectOption('camera');
      await page.waitForFunction(() => {
        const video = document.querySelector<HTMLVideoElement>('video.remote');
        return video !== null && video.videoWidth > 0 && video.currentTime > 0;
      });
    }
    const callId = await caller.call.getAttribute('data-call');
    const [call] = await running.system.database.query<{ state: string }>('SELECT state FROM calls WHERE id = $1', [callId]);
    expect(call).toEqual({ state: 'ACTIVE' });
    await caller.press('Hang up');
    await callee.shows('Call ended');
  });
});
