import { connectRaw, type RawClient } from '../raw-client.ts';
import { createRestClient } from '../rest-client.ts';
import { answerOfRest, answerOfSocket } from './answers.ts';
import { type KindOf, Listening } from './listening.ts';
import type { Answer, Phone, PhoneOptions } from './phone.ts';

const KINDS: KindOf = new Map([
  ['call_invitation', 'incoming'],
  ['call_ringing', 'ringing'],
  ['call_accepted', 'accepted'],
  ['call_rejected', 'rejected'],
  ['call_cancelled', 'cancelled'],
  ['call_timeout', 'timeout'],
  ['call_ended', 'ended'],
  ['call_signal', 'signal'],
  ['call_error', 'error'],
]);

interface ChatSocket {
  client: RawClient;
  /** What every phone on `/ws/chat` has. */
  half: Pick<Phone, 'userId' | 'deviceId' | 'heard' | 'hears' | 'kindsFor'> & AsyncDisposable;
}

const openChatSocket = async ({ gatewayUrl, token, userId, deviceId }: PhoneOptions): Promise<ChatSocket> => {
  const listening = new Listening(KINDS);
  const client = await connectRaw(`${gatewayUrl}/ws/chat?token=${token}`, {
    onFrame: (frame) => listening.take(frame.type, frame.data ?? frame.payload, frame),
  });
  const { heard, hears, kindsFor } = listening;
  return { client, half: { userId, deviceId, heard, hears, kindsFor, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() } };
};

/** An app of Chattrix that does everything on its WebSocket. */
export const connectChattrixPhone = async (options: PhoneOptions): Promise<Phone> => {
  const { client, half } = await openChatSocket(options);
  const ask = async (type: string, payload: object): Promise<Answer> => answerOfSocket(await client.ask(type, payload));
  return {
    dialect: 'chattrix-ws',
    ...half,
    place: (place) => ask('call.initiate', place),
    acknowledge: (callId) => ask('call.ringing', { callId }),
    accept: (callId) => ask('call.accept', { callId }),
    reject: (callId, reason) => ask('call.reject', { callId, reason }),
    cancel: (callId, reason) => ask('call.cancel', { callId, reason }),
    end: (callId) => ask('call.end', { callId }),
    connected: (callId) => ask('call.connected', { callId }),
    signal: (callId, signal) => ask('call.signal', { callId, signal }),
  };
};

/** An app of Chattrix that acts over REST, and hears on its WebSocket. Only the acknowledgement of a ring has no route. */
export const connectChattrixRestPhone = async (options: PhoneOptions): Promise<Phone> => {
  const { client, half } = await openChatSocket(options);
  const rest = createRestClient(options.callServiceUrl, options.token);
  const post = async (callId: string, verb: string, body: object = {}): Promise<Answer> =>
    answerOfRest(await rest.post(`/api/v1/calls/${callId}/${verb}`, body));
  return {
    dialect: 'chattrix-rest',
    ...half,
    place: async (place) => answerOfRest(await rest.post('/api/v1/calls/initiate', place)),
    acknowledge: async (callId) => answerOfSocket(await client.ask('call.ringing', { callId })),
    accept: (callId) => post(callId, 'accept'),
    reject: (callId, reason) => post(callId, 'reject', { reason }),
    cancel: (callId, reason) => post(callId, 'cancel', { reason }),
    end: (callId) => post(callId, 'end'),
    connected: async (callId) => answerOfRest(await rest.request('PATCH', `/api/v1/calls/${callId}/status`, { status: 'ACTIVE' })),
    signal: async (callId, signal) => answerOfSocket(await client.ask('call.signal', { callId, signal })),
  };
};
