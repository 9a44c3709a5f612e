import {
  type Call,
  CLOSE_CODES,
  callIdFor,
  durationSeconds,
  type EndReason,
  mayReconnect,
  type Refusal,
  RequestId,
  refusal,
  type ServerEvent,
  SYSTEM,
  storablePart,
  viewOf,
} from '@trunkline/contract';
import { z } from 'zod';
import type { Answer, Asked, Decoded, Dialect, EventFrame, Reply, Viewer } from './dialect.ts';
import { ONLYCARE_COMMANDS } from './onlycare-words.ts';
import { onlycareReason } from './reasons.ts';

const LONGEST_ID = 64;
const LONGEST_EVENT_NAME = 40;

/** The fields that any event may have. */
interface Body {
  readonly callId?: unknown;
  readonly requestId?: unknown;
}
const Refresh = z.object({ token: z.string() });
const OptionalRequestId = RequestId.nullish();

const isBody = (body: unknown): body is Body => typeof body === 'object' && body !== null && !Array.isArray(body);

const NOTHING_ASKED: Asked = { callId: null, requestId: null };

const unreadable = (asked: Asked, message: string): Decoded => ({
  asked,
  refused: refusal('parse_error', { message, callId: asked.callId ?? undefined }),
});

/** The first thing that is wrong, named by its field. */
const problemIn = (error: z.ZodError): string => {
  const [issue] = error.issues;
  return issue === undefined ? 'the payload is not understood' : [...issue.path, issue.message].join(': ');
};

const askedIn = (body: Body, requestId: RequestId | null): Asked => {
  const { callId } = body;
  return { callId: typeof callId === 'string' ? storablePart(callId, LONGEST_ID) : null, requestId };
};

const decodeRefresh = (body: Body, asked: Asked): Decoded => {
  const { success, data } = Refresh.safeParse(body);
  return success ? { asked, refreshToken: data.token } : unreadable(asked, 'token: must be text');
};

const decodeBody = (event: string, body: Body): Decoded => {
  const requestId = OptionalRequestId.safeParse(body.requestId);
  const asked = askedIn(body, requestId.data ?? null);
  if (!requestId.success) return unreadable(asked, 'requestId: must be text of 1–128 characters');
  if (event === 'auth:refresh') return decodeRefresh(body, asked);
  const words = ONLYCARE_COMMANDS.get(event);
  if (words === undefined) return unreadable(asked, `There is no event "${storablePart(event, LONGEST_EVENT_NAME)}"`);
  const command = words.safeParse(body);
  return command.success ? { asked, command: command.data } : unreadable(asked, problemIn(command.error));
};

const decode = ({ event, body }: EventFrame): Decoded => {
  if (event === null) return unreadable(NOTHING_ASKED, 'The packet is malformed, binary or nested too deeply');
  if (isBody(body)) return decodeBody(event, body);
  return ONLYCARE_COMMANDS.has(event) ? unreadable(NOTHING_ASKED, `The payload of "${event}" must be an object`) : decodeBody(event, {});
};

interface Scene {
  readonly event: ServerEvent;
  readonly call: Call;
  readonly viewer: Viewer;
  readonly isCallee: boolean;
}

const frame = ({ event, call, viewer }: Scene, name: string, fields: Record<string, unknown>): EventFrame => ({
  event: name,
  body: { callId: callIdFor(call, viewer.userId), ...fields, timestamp: event.at },
});

/** Whether the viewer's own session did it, or its device did it over REST. */
const acted = ({ event: { actor }, viewer }: Scene): boolean => {
  if (actor.userId !== viewer.userId) return false;
  return actor.sessionId === null ? actor.deviceId !== null && actor.deviceId === viewer.deviceId : actor.sessionId === viewer.sessionId;
};

const answeredHere = ({ call, viewer }: Scene): boolean =>
  call.answeredBySession === viewer.sessionId || (call.answeredByDevice !== null && call.answeredByDevice === viewer.deviceId);

const cancelled = (scene: Scene, reason: string): EventFrame => frame(scene, 'call:cancelled', { reason });

const ended = (scene: Scene, endedBy: string, otherwise: EndReason): EventFrame =>
  frame(scene, 'call:ended', {
    endedBy,
    reason: onlycareReason(scene.call, otherwise),
    durationSeconds: durationSeconds(scene.call) ?? 0,
  });

const encodeRing = (scene: Scene): EventFrame | null => {
  const { call, viewer, isCallee } = scene;
  if (!isCallee) return null;
  return frame(scene, 'call:incoming', {
    callerId: call.callerId,
    callerName: call.callerName ?? call.callerId,
    callerAvatar: call.callerAvatar,
    callType: call.callType,
    channelId: call.channelId,
    expiresAt: viewer.now + viewer.ringMsLeft,
  });
};

const encodeRinging = ({ call, viewer, isCallee }: Scene): EventFrame | null =>
  isCallee ? null : { event: 'call:ringing', body: { callId: callIdFor(call, viewer.userId) } };

const accepted = (scene: Scene, acceptedBy: string): EventFrame =>
  frame(scene, 'call:accepted', { acceptedBy, channelId: scene.call.channelId });

const encodeAccepted = (scene: Scene): EventFrame | null => {
  const { call, event, viewer, isCallee } = scene;
  if (!isCallee) return accepted(scene, call.calleeId);
  // No session acted, but this one answered: its own place met the other's (glare), and it waits to be accepted too.
  if (event.actor.sessionId === null && call.answeredBySession === viewer.sessionId) return accepted(scene, call.callerId);
  return answeredHere(scene) ? null : cancelled(scene, 'answered_elsewhere');
};

const encodeRejected = (scene: Scene): EventFrame | null => {
  const { call, event, isCallee } = scene;
  const reason = onlycareReason(call, 'declined');
  if (!isCallee) return frame(scene, 'call:rejected', { reason });
  if (event.actor.userId === call.calleeId) return acted(scene) ? null : cancelled(scene, 'declined_elsewhere');
  // The system finds a callee busy before it rings.
  return call.reason === 'busy' ? null : cancelled(scene, reason);
};

const encodeCancelled = (scene: Scene): EventFrame | null =>
  acted(scene) ? null : cancelled(scene, onlycareReason(scene.call, 'cancelled'));

const encodeMissed = (scene: Scene): EventFrame => {
  const reason = onlycareReason(scene.call, 'no_response');
  return scene.isCallee ? cancelled(scene, reason) : frame(scene, 'call:timeout', { reason });
};

const encodeScene = (scene: Scene): EventFrame | null => {
  switch (scene.event.type) {
    case 'call_placed':
      return encodeRing(scene);
    case 'call_ringing':
      return encodeRinging(scene);
    case 'call_accepted':
      return encodeAccepted(scene);
    case 'call_rejected':
      return encodeRejected(scene);
    case 'call_cancelled':
      return encodeCancelled(scene);
    case 'call_missed':
      return encodeMissed(scene);
    case 'call_connected':
      return null;
    case 'call_ended':
      return acted(scene) ? null : ended(scene, scene.call.endedBy ?? SYSTEM, 'hung_up');
    case 'call_failed':
      return ended(scene, SYSTEM, 'connect_failed');
  }
};

const encode = (event: ServerEvent, viewer: Viewer): EventFrame | null => {
  const { call } = event;
  const isCallee = viewer.userId === call.calleeId;
  return isCallee || viewer.userId === call.callerId ? encodeScene({ event, call, viewer, isCallee }) : null;
};

const refusedAck = ({ code, message, callId, status }: Refusal, asked: Asked) => ({
  ok: false,
  error: { code, message, callId: callId ?? asked.callId, ...(status === undefined ? {} : { status }) },
});

const answer = (reply: Reply, asked: Asked, acknowledges: boolean): Answer<EventFrame> => {
  if (!reply.ok) {
    if (acknowledges) return { acknowledgement: refusedAck(reply.error, asked) };
    const { code, message, callId } = reply.error;
    return { frame: { event: 'call:error', body: { callId: callId ?? asked.callId, errorType: code, message } } };
  }
  if (!acknowledges) return null;
  return { acknowledgement: reply.call === null ? { ok: true } : { ok: true, success: true, call: viewOf(reply.call) } };
};

/** Socket.IO on `/` with `call:*` events, as the OnlyCare apps speak it. See docs/dialects/onlycare.md. */
export const onlycare: Dialect<EventFrame> = {
  name: 'onlycare',
  decode,
  encode,
  answer,
  closing: (reason) => {
    const { code } = CLOSE_CODES[reason];
    return { event: 'connection:closing', body: { code, reason, reconnect: mayReconnect(code) } };
  },
};
