import type { Call, EndReason } from '@trunkline/contract';

interface Wording {
  onlycare: string;
  /** Whether the text that a person gave takes the place of the word. */
  ownText: boolean;
}

const WORDINGS: Readonly<Record<EndReason, Wording>> = {
  busy: { onlycare: 'User busy', ownText: false },
  declined: { onlycare: 'User declined', ownText: true },
  unavailable: { onlycare: 'User unavailable', ownText: false },
  offline: { onlycare: 'User offline', ownText: false },
  no_response: { onlycare: 'No answer', ownText: false },
  cancelled: { onlycare: 'Caller cancelled', ownText: true },
  caller_lost: { onlycare: 'Caller cancelled', ownText: false },
  hung_up: { onlycare: 'Call ended', ownText: true },
  lost: { onlycare: 'lost', ownText: false },
  max_duration: { onlycare: 'max_duration', ownText: false },
  connect_failed: { onlycare: 'connect_failed', ownText: false },
};

/** Why the call ended, as OnlyCare says it. */
export const onlycareReason = (call: Call, otherwise: EndReason): string => {
  const { onlycare, ownText } = WORDINGS[call.reason ?? otherwise];
  return (ownText ? call.reasonText : null) ?? onlycare;
};
