import type { Call } from '@trunkline/contract';
import type { ToldReason } from './telling.ts';

interface Words {
  readonly onlycare: string;
  readonly chattrix: string;
  readonly otomo: string;
}

const inAll = (word: string): Words => ({ onlycare: word, chattrix: word, otomo: word });

/** Why a ring or a call is over, in the words of each dialect. */
export const REASON_WORDS: Readonly<Record<ToldReason, Words>> = {
  busy: { onlycare: 'User busy', chattrix: 'busy', otomo: 'busy' },
  declined: { onlycare: 'User declined', chattrix: 'declined', otomo: 'manual_reject' },
  unavailable: { onlycare: 'User unavailable', chattrix: 'unavailable', otomo: 'offline' },
  offline: { onlycare: 'User offline', chattrix: 'unavailable', otomo: 'offline' },
  no_response: { onlycare: 'No answer', chattrix: 'no_response', otomo: 'no_response' },
  cancelled: { onlycare: 'Caller cancelled', chattrix: 'cancelled', otomo: 'cancelled' },
  caller_lost: { onlycare: 'Caller cancelled', chattrix: 'cancelled', otomo: 'cancelled' },
  hung_up: { onlycare: 'Call ended', chattrix: 'hung_up', otomo: 'hung_up' },
  answered_elsewhere: inAll('answered_elsewhere'),
  declined_elsewhere: inAll('declined_elsewhere'),
  lost: inAll('lost'),
  max_duration: inAll('max_duration'),
  connect_failed: inAll('connect_failed'),
};

/** Where the text that a person gave says more than the word, in a dialect that carries text. */
const OWN_TEXT: ReadonlySet<ToldReason> = new Set(['declined', 'cancelled', 'hung_up']);

/** A reason as OnlyCare says it: the person's own text, else the word. */
export const onlycareReason = (reason: ToldReason, { reasonText }: Call): string =>
  (OWN_TEXT.has(reason) ? reasonText : null) ?? REASON_WORDS[reason].onlycare;

/** The reason of an end, for dialects whose ended frame has one only where no person ended the call. */
export const systemEndReason = (reason: ToldReason): { reason?: string } => (reason === 'hung_up' ? {} : { reason });
