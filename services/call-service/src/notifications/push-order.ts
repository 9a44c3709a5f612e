import type { PushContent } from '@trunkline/contract';

/** What has made a sending needless by the time it is due. */
export type SendUnless = 'acknowledged' | 'device_acknowledged';

export interface Sending {
  /** Epoch milliseconds of the database's clock; null: at once. */
  at: number | null;
  unless: SendUnless | null;
}

/** One notification of one user, before it is known which targets that user has. */
export interface PushOrder {
  userId: string;
  content: PushContent;
  /** Pushes with the same key replace each other where they wait. */
  collapseKey: string | null;
  /** Epoch milliseconds of the database's clock: nobody wants it any more. */
  expiresAt: number;
  /** Once, at once, where not given. */
  sendings?: readonly Sending[];
  /** Not for the target of this device; where the device has no name, not for a target that is the user's only one. */
  except?: { deviceId: string | null; onlyTarget: boolean };
  /** Only for targets that a ring of the same call was queued for. */
  onlyIfRung?: boolean;
  /** This target alone, which came after the call's rings were queued: in their notification, and not if it has a ring of its own. */
  targetId?: string;
  bulkId?: string;
}
