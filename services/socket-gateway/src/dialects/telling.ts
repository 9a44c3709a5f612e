import {
  type Call,
  type CallEventType,
  type CallId,
  type CallQuality,
  type CallSignal,
  callIdFor,
  type DeviceId,
  durationSeconds,
  type EndReason,
  type ServerEvent,
  type SessionId,
  SYSTEM,
  type UserId,
} from '@trunkline/contract';

/** The session that is told of an event. */
export interface Viewer {
  readonly userId: UserId;
  readonly deviceId: DeviceId | null;
  readonly sessionId: SessionId;
}

/** Why a ring or a call is over, as one viewer hears it. */
export type ToldReason = EndReason | 'answered_elsewhere' | 'declined_elsewhere';

type News =
  /** `expiresAt`: epoch milliseconds of the database's clock. */
  | { readonly kind: 'incoming'; readonly callerName: string; readonly expiresAt: number }
  | { readonly kind: 'ringing' }
  | { readonly kind: 'accepted'; readonly acceptedBy: string }
  | { readonly kind: 'rejected'; readonly reason: ToldReason }
  /** The ring stops. `cancelledBy`: a participant, or `system`. */
  | { readonly kind: 'cancelled'; readonly cancelledBy: string; readonly reason: ToldReason }
  | { readonly kind: 'timed_out'; readonly isCallee: boolean }
  /** `endedBy`: a participant, or `system`. */
  | { readonly kind: 'ended'; readonly endedBy: string; readonly reason: ToldReason; readonly durationSeconds: number }
  | { readonly kind: 'quality_warning'; readonly quality: CallQuality }
  /** What the other participant's device says to this one. */
  | { readonly kind: 'signal'; readonly signal: CallSignal }
  /** The other participant opened a first session, or lost the last one. */
  | { readonly kind: 'presence'; readonly userId: UserId; readonly isOnline: boolean };

/** What one viewer is told of one event, in nobody's words yet. */
export type Telling = News & {
  /** The call's id as the viewer knows it. */
  readonly callId: CallId;
  /** Epoch milliseconds of the database's clock. */
  readonly at: number;
  readonly call: Call;
};

interface Scene {
  readonly event: ServerEvent;
  readonly call: Call;
  readonly viewer: Viewer;
  readonly isCallee: boolean;
}

/**
 * Whether the viewer's own session did it, or its device did it over REST. A device without a name is no other's: which
 * of a person's phones it was is not known, so each of them is told (invariant 3).
 */
const acted = ({ event: { actor }, viewer }: Scene): boolean => {
  if (actor.userId !== viewer.userId) return false;
  if (actor.sessionId !== null) return actor.sessionId === viewer.sessionId;
  return actor.deviceId !== null && actor.deviceId === viewer.deviceId;
};

const answeredHere = ({ call: { answeredBySession, answeredByDevice }, viewer }: Scene): boolean =>
  answeredBySession === viewer.sessionId || (answeredByDevice !== null && answeredByDevice === viewer.deviceId);

/** Both had placed (glare), and this viewer may be the one who placed second. */
const placedToo = (scene: Scene): boolean => {
  const { call, event, viewer } = scene;
  if (event.merged !== true) return false;
  return answeredHere(scene) || (call.answeredBySession === null && call.answeredByDevice === null && viewer.deviceId === null);
};

const tellPlaced = ({ event: { at, ringMsLeft }, call, isCallee }: Scene): News | null =>
  isCallee ? { kind: 'incoming', callerName: call.callerName ?? call.callerId, expiresAt: at + ringMsLeft } : null;

const tellRinging = ({ isCallee }: Scene): News | null => (isCallee ? null : { kind: 'ringing' });

const tellAccepted = (scene: Scene): News | null => {
  const { call, isCallee } = scene;
  if (!isCallee) return { kind: 'accepted', acceptedBy: call.calleeId };
  if (placedToo(scene)) return { kind: 'accepted', acceptedBy: call.callerId };
  return answeredHere(scene) ? null : { kind: 'cancelled', cancelledBy: call.calleeId, reason: 'answered_elsewhere' };
};

const tellRejected = (scene: Scene): News | null => {
  const { call, event, isCallee } = scene;
  const reason = call.reason ?? 'declined';
  if (!isCallee) return { kind: 'rejected', reason };
  if (event.actor.userId === call.calleeId) {
    return acted(scene) ? null : { kind: 'cancelled', cancelledBy: call.calleeId, reason: 'declined_elsewhere' };
  }
  // The system finds a callee busy before it rings.
  return reason === 'busy' ? null : { kind: 'cancelled', cancelledBy: SYSTEM, reason };
};

const tellCancelled = (scene: Scene): News | null => {
  const { call } = scene;
  return acted(scene) ? null : { kind: 'cancelled', cancelledBy: call.endedBy ?? SYSTEM, reason: call.reason ?? 'cancelled' };
};

const ended = ({ call }: Scene, endedBy: string, otherwise: EndReason): News => ({
  kind: 'ended',
  endedBy,
  reason: call.reason ?? otherwise,
  durationSeconds: durationSeconds(call) ?? 0,
});

const tellQuality = ({ event: { actor, quality }, viewer }: Scene): News | null =>
  quality === undefined || actor.userId === viewer.userId ? null : { kind: 'quality_warning', quality };

/** Whether the callee's viewer may be who answered: where that device has no name, each session without one may. */
const mayHaveAnswered = (scene: Scene): boolean => {
  const { answeredByDevice, answeredBySession } = scene.call;
  if (answeredHere(scene)) return true;
  return answeredByDevice === null && (answeredBySession === null || scene.viewer.deviceId === null);
};

/** Which of the caller's devices placed it is not in the call: those that did not, do not know it. */
const tellSignal = (scene: Scene): News | null => {
  const { event, viewer, isCallee } = scene;
  if (event.signal === undefined || event.actor.userId === viewer.userId) return null;
  return isCallee && !mayHaveAnswered(scene) ? null : { kind: 'signal', signal: event.signal };
};

const tellPresence = ({ event: { type, actor }, viewer }: Scene): News | null =>
  actor.userId === null || actor.userId === viewer.userId
    ? null
    : { kind: 'presence', userId: actor.userId, isOnline: type === 'user_online' };

const TELL: Readonly<Record<CallEventType, (scene: Scene) => News | null>> = {
  call_placed: tellPlaced,
  call_ringing: tellRinging,
  call_accepted: tellAccepted,
  call_rejected: tellRejected,
  call_cancelled: tellCancelled,
  call_missed: ({ isCallee }) => ({ kind: 'timed_out', isCallee }),
  call_connected: () => null,
  call_ended: (scene) => (acted(scene) ? null : ended(scene, scene.call.endedBy ?? SYSTEM, 'hung_up')),
  call_failed: (scene) => ended(scene, SYSTEM, 'connect_failed'),
  call_quality_warning: tellQuality,
  call_signal: tellSignal,
  user_online: tellPresence,
  user_offline: tellPresence,
};

/** A phone that stops because another one answered rang under the call's own id, whatever its owner placed under another. */
const idFor = (news: News, call: Call, userId: UserId): CallId =>
  news.kind === 'cancelled' && news.reason === 'answered_elsewhere' ? call.id : callIdFor(call, userId);

const sceneOf = (event: ServerEvent, viewer: Viewer): Scene => ({
  event,
  call: event.call,
  viewer,
  isCallee: viewer.userId === event.call.calleeId,
});

/** What ends the ring of a phone whose own place was merged into the call that rings there: what follows has the place's id. */
export const mergedRingOf = (event: ServerEvent, viewer: Viewer): Telling | null => {
  const { at, call } = event;
  const scene = sceneOf(event, viewer);
  if (call.calleeAlias === null || !scene.isCallee || !placedToo(scene)) return null;
  return { kind: 'cancelled', cancelledBy: call.calleeId, reason: 'answered_elsewhere', callId: call.id, at, call };
};

/** What a viewer is told of an event, in every dialect alike; null: nothing. */
export const tellingFor = (event: ServerEvent, viewer: Viewer): Telling | null => {
  const { call } = event;
  const scene = sceneOf(event, viewer);
  if (!scene.isCallee && viewer.userId !== call.callerId) return null;
  const news = TELL[event.type](scene);
  return news === null ? null : { ...news, callId: idFor(news, call, viewer.userId), at: event.at, call };
};
