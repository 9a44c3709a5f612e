/** One time that a promise was broken. */
export interface Breach {
  /** Null where it is about no one call. */
  callId: string | null;
  what: string;
}

/** What one kind of fault did to a delay. */
export interface DelayOfFault {
  /** Its name; "healthy": none was felt. */
  fault: string;
  count: number;
  p99Ms: number;
  mostMs: number;
}

export interface Verdict {
  promise: string;
  says: string;
  /** How many times it was looked at. */
  checked: number;
  breaches: readonly Breach[];
  /** What was measured, where the promise is about a delay. */
  figure?: string;
  /** By what was felt meanwhile, the longest first. */
  byFault?: readonly DelayOfFault[];
}
