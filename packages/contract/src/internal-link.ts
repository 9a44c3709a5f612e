import { z } from 'zod';
import { INTERNAL_PATHS } from './internal-door.ts';

/** What gateways ask, and so what goes over a link; anything else is a 404 there. */
export const LINK_PATHS: ReadonlySet<string> = new Set([
  INTERNAL_PATHS.commands,
  INTERNAL_PATHS.chatCommands,
  INTERNAL_PATHS.sessions,
  INTERNAL_PATHS.deliveries,
  INTERNAL_PATHS.lease,
]);

/**
 * A frame from a gateway to a call-service, as JSON text: a request of the internal door, body and all. Many may be under way on one
 * link; they are answered in any order, and a link that is lost answers none of those that were.
 */
export const LinkRequest = z.object({ id: z.int().nonnegative(), path: z.string().max(64), body: z.unknown() });
export type LinkRequest = z.infer<typeof LinkRequest>;

/** The frame that answers the request of that id, with the status and the body that HTTP would give. 503: this link takes no more. */
export const LinkAnswer = z.object({ id: z.int().nonnegative(), status: z.int(), body: z.unknown() });
export type LinkAnswer = z.infer<typeof LinkAnswer>;
