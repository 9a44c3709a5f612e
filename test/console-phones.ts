import type { BrowserContext, Locator, Page } from 'playwright-core';

export interface PhonePage {
  readonly page: Page;
  /** Presses the button of that name. */
  press(name: string): Promise<void>;
  /** Resolves when the phone's call is at that stage. */
  reaches(stage: string): Promise<void>;
  /** Resolves when the phone shows that text. */
  shows(text: string): Promise<void>;
  readonly call: Locator;
}

/** A browser with several pages on a busy machine is slow. */
export const PATIENCE_MS = 30_000;

/** WebRTC then names addresses as they are: a machine of tests may have no multicast, by which browsers look up hidden ones. */
export const OPEN_ADDRESSES = ['--disable-features=WebRtcHideLocalIpsWithMdns'];

export interface PhoneWish {
  door: string;
  user: string;
  device?: string;
  dialect?: 'onlycare' | 'chattrix' | 'otomo';
  contacts?: string;
  /** How long its calls ring. */
  ring?: string;
}

/** Opens a phone of the console that is on, and waits until it is connected. */
export const openPhone = async (
  context: BrowserContext,
  { door, user, device, dialect = 'onlycare', contacts = '', ring = '' }: PhoneWish,
): Promise<PhonePage> => {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const settings = new URLSearchParams({ user, dialect, on: '1', contacts, ring, device: device ?? `${user}-phone` });
  await page.goto(`${door}/console/phone.html#${settings}`);
  const call = page.locator('.phone');
  await page.locator('.link-connected').waitFor();
  return {
    page,
    call,
    press: (name) => page.getByRole('button', { name, exact: true }).and(page.locator(':not(nav button)')).click(),
    reaches: (stage) => page.locator(`.phone[data-stage="${stage}"]`).waitFor(),
    shows: (text) => page.locator('.phone-screen').getByText(text, { exact: true }).first().waitFor(),
  };
};
