import { connectOnlyCare } from '../onlycare-client.ts';
import { answerOfSocket } from './answers.ts';
import { type KindOf, Listening } from './listening.ts';
import type { Answer, Phone, PhoneOptions } from './phone.ts';

const KINDS: KindOf = new Map([
  ['call:incoming', 'incoming'],
  ['call:ringing', 'ringing'],
  ['call:accepted', 'accepted'],
  ['call:rejected', 'rejected'],
  ['call:cancelled', 'cancelled'],
  ['call:timeout', 'timeout'],
  ['call:ended', 'ended'],
  ['call:signal', 'signal'],
  ['call:error', 'error'],
]);

export const connectOnlyCarePhone = async ({ gatewayUrl, token, userId, deviceId }: PhoneOptions): Promise<Phone> => {
  const listening = new Listening(KINDS);
  const client = await connectOnlyCare(gatewayUrl, token, { onHeard: (event) => listening.take(event.name, event.body, event) });
  const ask = async (event: string, body: object): Promise<Answer> => answerOfSocket(await client.ask(event, body));
  return {
    dialect: 'onlycare',
    userId,
    deviceId,
    heard: listening.heard,
    hears: listening.hears,
    kindsFor: listening.kindsFor,
    place: ({ calleeId, ...place }) => ask('call:initiate', { receiverId: calleeId, ...place }),
    acknowledge: (callId) => ask('call:ringing', { callId }),
    accept: (callId) => ask('call:accept', { callId }),
    reject: (callId, reason) => ask('call:reject', { callId, reason }),
    cancel: (callId, reason) => ask('call:cancel', { callId, reason }),
    end: (callId) => ask('call:end', { callId }),
    connected: (callId) => ask('call:connected', { callId }),
    signal: (callId, signal) => ask('call:signal', { callId, signal }),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
};
