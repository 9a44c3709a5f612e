import { randomUUID } from 'node:crypto';
import { HookAnswer } from '@trunkline/contract';
import type { Logger } from '@trunkline/service-kit';
import type { PlaceEnvelope } from '../calls/place.ts';
import type { Sign } from './sign.ts';
import { createSignedPost } from './signed-post.ts';
import type { WebhookMetrics } from './webhook-metrics.ts';

/** How long whoever places a call waits for the app's backend. */
const TIMEOUT_MS = 500;
/** Past it, a place waits for a connection within its own time. */
const CONNECTIONS = 128;

/** Asks the app's backend about a place before it is decided. */
export interface PreRingHook extends AsyncDisposable {
  /** Null: no answer in time, or none that makes sense. */
  ask(envelope: PlaceEnvelope): Promise<HookAnswer | null>;
}

export interface PreRingHookOptions {
  url: string;
  sign: Sign;
  logger: Logger;
  metrics: Pick<WebhookMetrics, 'preRingHookSeconds'>;
}

const callIdOf = ({ command, mintedCallId }: PlaceEnvelope): string | null => command.callId ?? mintedCallId;

const bodyFor = (envelope: PlaceEnvelope): string => {
  const { actor, command, dialect } = envelope;
  const callId = callIdOf(envelope);
  const { userId: callerId, name: callerName, role: callerRole, deviceId: callerDeviceId } = actor;
  const { calleeId, callType, channelId = callId } = command;
  const data = { callId, callerId, callerName, callerRole, callerDeviceId, calleeId, callType, channelId, dialect };
  return JSON.stringify({ type: 'call.pre_ring', timestamp: new Date().toISOString(), data });
};

const parseAnswer = (text: string | null): HookAnswer => HookAnswer.parse(JSON.parse(text ?? ''));

export const createPreRingHook = ({ url, sign, logger, metrics }: PreRingHookOptions): PreRingHook => {
  const post = createSignedPost({ url, connections: CONNECTIONS, timeoutMs: TIMEOUT_MS });
  let isFailing = false;

  const answerTo = async (envelope: PlaceEnvelope): Promise<HookAnswer | null> => {
    const body = bodyFor(envelope);
    try {
      const { status, text } = await post.send(sign(`msg_${randomUUID()}`, body, Date.now()), body);
      if (status < 200 || status >= 300) throw new Error(`the hook answered ${status}`);
      const answer = parseAnswer(text);
      isFailing = false;
      return answer;
    } catch (error) {
      // Once, and not for every place while it is away; the metric counts them.
      if (!isFailing) logger.warn({ err: error, callId: callIdOf(envelope) }, 'the pre-ring hook gave no answer');
      isFailing = true;
      return null;
    }
  };

  return {
    ask: async (envelope) => {
      const askedAt = performance.now();
      const answer = await answerTo(envelope);
      metrics.preRingHookSeconds.observe({ outcome: answer?.action ?? 'failed' }, (performance.now() - askedAt) / 1000);
      return answer;
    },
    [Symbol.asyncDispose]: () => post[Symbol.asyncDispose](),
  };
};
