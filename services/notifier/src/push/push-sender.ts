import type { ClaimedPush, PushAddress, PushProvider } from '@trunkline/contract';
import type { Health } from './breaker.ts';

/** A push to a target of that provider. */
export type PushTo<Provider extends PushProvider> = ClaimedPush & { address: Extract<PushAddress, { provider: Provider }> };

/**
 * What came of one attempt. `health`: `down` where the provider did not do its part, whatever was asked of it; `unknown` where nothing was
 * asked of it.
 */
export type SendOutcome = { health: Health } & (
  | { outcome: 'accepted'; providerId: string | null }
  | { outcome: 'target_gone' | 'failed'; error: string }
  | { outcome: 'retry'; error: string; retryAfterMs: number | null }
);

export interface Attempt {
  /** Milliseconds until nobody wants the push any more. */
  leftMs(): number;
  /** Aborted when the attempt's time is over. */
  signal: AbortSignal;
}

/**
 * Brings pushes to one provider. It MUST NOT start a request after the attempt's time, nor more than one that the provider answers, and
 * rejects for nothing that a provider says. What it says of an error MUST hold neither the target's address nor a credential.
 */
export interface PushSender<Provider extends PushProvider> extends AsyncDisposable {
  send(push: PushTo<Provider>, attempt: Attempt): Promise<SendOutcome>;
}
