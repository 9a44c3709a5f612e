import { chromiumProgram } from '@trunkline/backing-services';
import { type BrowserContext, chromium } from 'playwright-core';

/** Beside those that Playwright sets. As root there is no sandbox; and nothing but what a test asks for goes over the network. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const findProgram = (): Promise<string | null> => chromiumProgram((line) => process.stderr.write(`${line}\n`));

export interface Browser extends AsyncDisposable {
  /** A user's everyday profile, fresh. */
  readonly profile: BrowserContext;
  /** Another, private one: nothing is shared with the first. */
  newProfile(): Promise<BrowserContext>;
}

/** Whether there is a browser here for tests, once it is installed where that can be done. It says what it does. */
export const hasBrowser = async (): Promise<boolean> => (await findProgram()) !== null;

/** A headless Chromium with a fresh profile; `args` are added to its command line. */
export const launchBrowser = async ({ args = [] }: { args?: readonly string[] } = {}): Promise<Browser> => {
  const executablePath = await findProgram();
  if (executablePath === null) throw new Error('there is no browser here: ask hasBrowser first');
  // An empty folder name has Playwright make a temporary one, and remove it at the end.
  const profile = await chromium.launchPersistentContext('', { executablePath, headless: true, args: [...ARGUMENTS, ...args] });
  return {
    profile,
    newProfile: async () => {
      const browser = profile.browser();
      if (browser === null) throw new Error('the browser is closed');
      return browser.newContext();
    },
    [Symbol.asyncDispose]: () => profile.close(),
  };
};
