export interface Rest {
  /** Where REST is. */
  readonly url: string;
  /** Gives a token of the signed-in user, or null. */
  readonly getToken: (() => Promise<string | null>) | undefined;
}

/** Browsers let a worker open a window for a few seconds after a click only. */
const PATIENCE_MS = 4000;

/** Worth opening the app for: the app has a token of its own, and may get through later. */
const mayStillBeDeclined = (status: number): boolean => status === 401 || status === 429 || status >= 500;

const reject = async (callId: string, { url, getToken }: Rest): Promise<boolean> => {
  const token = (await getToken?.()) ?? null;
  if (token === null) return false;
  const { status } = await fetch(`${url}/api/v1/calls/${encodeURIComponent(callId)}/reject`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': `declined-${callId}` },
    body: '{}',
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return !mayStillBeDeclined(status);
};

/** Declines without a page. Resolves with whether nothing is left to do: also where the call is over, or answered elsewhere. */
export const declineCall = async (callId: string, rest: Rest): Promise<boolean> => {
  const inVain = new Promise<false>((resolve) => setTimeout(() => resolve(false), PATIENCE_MS));
  return Promise.race([inVain, reject(callId, rest).catch(() => false)]);
};
