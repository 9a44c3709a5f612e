import { signal } from '@preact/signals';

/** What the front door of `pnpm dev` gives to pages; elsewhere there is no such door. */
export interface DevDoor {
  readonly serverKey: string | null;
}

const readJson = async (url: string, init?: RequestInit): Promise<unknown> => {
  try {
    const response = await fetch(url, init);
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
};

/** `undefined`: not asked yet. */
export const devDoor = signal<DevDoor | null | undefined>(undefined);

export const findDevDoor = async (): Promise<void> => {
  devDoor.value = (await readJson('/dev/console')) as DevDoor | null;
};

/** A token of that user, minted at the door. */
export const mintToken = async (user: { userId: string; name: string; deviceId: string }): Promise<string | null> => {
  const headers = { 'content-type': 'application/json' };
  const minted = (await readJson('/dev/tokens', { method: 'POST', headers, body: JSON.stringify(user) })) as { token: string } | null;
  return minted?.token ?? null;
};

/** Where phones may connect: the gateways by name, else where the page is. */
export const gatewayUrls = signal<readonly string[]>([location.origin]);

export const findGateways = async (): Promise<void> => {
  const settings = (await readJson('/console/settings.json')) as { gatewayUrls: string[] } | null;
  if (settings !== null && settings.gatewayUrls.length > 0) gatewayUrls.value = settings.gatewayUrls;
};
