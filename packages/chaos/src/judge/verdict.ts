/** One time that a promise was broken. */
export interface Breach {
  /** Null where it is about no one call. */
  callId: string | null;
  what: string;
}

export interface Verdict {
  promise: string;
  says: string;
  /** How many times it was looked at. */
  checked: number;
  breaches: readonly Breach[];
  /** What was measured, where the promise is about a delay. */
  figure?: string;
}
