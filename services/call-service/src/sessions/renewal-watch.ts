/** A sweep comes each second; later than this it is only where one was not possible, or the machine is very busy. */
const LEAST_GAP_MS = 2500;

export interface RenewalWatch {
  /**
   * Whether gateways could renew their leases for as long as a lease lasts until `now`, milliseconds by the database's clock at which a write
   * succeeded. Asked each second; after a third of a lease without being asked, it counts anew, as in a process that begins.
   */
  couldRenew(now: number): boolean;
}

/**
 * Tells a gateway that fell silent from one that nobody could hear: a lease that lapsed while PostgreSQL took no writes, or while no
 * call-service ran, is no witness of anybody's absence (invariant 13).
 */
export const createRenewalWatch = (leaseMs: number): RenewalWatch => {
  // Gateways renew three times in a lease: an outage shorter than that lets none lapse.
  const gapMs = Math.max(leaseMs / 3, LEAST_GAP_MS);
  let since = Number.NaN;
  let last = Number.NaN;
  return {
    couldRenew: (now) => {
      const goesOn = now >= last && now - last < gapMs;
      if (!goesOn) since = now;
      last = now;
      return now - since >= leaseMs;
    },
  };
};
