import { connectRaw } from '../raw-client.ts';
import { answerOfSocket } from './answers.ts';
import { type KindOf, Listening } from './listening.ts';
import type { Answer, Phone, PhoneOptions } from './phone.ts';

/** Otomo has no word for a timeout: its user reads a reject, its otomo a cancel. */
const KINDS: KindOf = new Map([
  ['call_request', 'incoming'],
  ['call_ringing', 'ringing'],
  ['call_accepted', 'accepted'],
  ['call_rejected', 'rejected'],
  ['call_cancelled', 'cancelled'],
  ['call_ended', 'ended'],
  ['call_signal', 'signal'],
  ['call_error', 'error'],
]);

export const connectOtomoPhone = async ({ gatewayUrl, token, userId, deviceId }: PhoneOptions): Promise<Phone> => {
  const listening = new Listening(KINDS);
  const client = await connectRaw(`${gatewayUrl}/ws/otomo`, {
    headers: { authorization: `Bearer ${token}` },
    onFrame: (frame) => listening.take(frame.type, frame.payload, frame),
  });
  const ask = async (type: string, payload: object): Promise<Answer> => answerOfSocket(await client.ask(type, payload));
  return {
    dialect: 'otomo',
    userId,
    deviceId,
    heard: listening.heard,
    hears: listening.hears,
    kindsFor: listening.kindsFor,
    place: ({ calleeId, ...place }) => ask('call_request', { otomoId: calleeId, ...place }),
    acknowledge: (callId) => ask('call_ringing', { callId }),
    accept: (callId) => ask('call_accept', { callId }),
    reject: (callId, reason) => ask('call_reject', { callId, reason }),
    cancel: (callId, reason) => ask('call_cancel', { callId, reason }),
    end: (callId) => ask('call_end', { callId }),
    connected: (callId) => ask('call_connected', { callId }),
    signal: (callId, signal) => ask('call_signal', { callId, signal }),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
};
