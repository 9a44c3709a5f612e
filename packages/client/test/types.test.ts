import type { CallQuality, CallView } from '@trunkline/contract';
import { describe, expectTypeOf, it } from 'vitest';
import {
  type Call,
  type CallOutcome,
  type Client,
  type ClientEvents,
  connect,
  type IncomingCall,
  type OutgoingCall,
} from '../src/index.ts';

// Checked by `tsc -b`: none of it runs.

declare const client: Client;
declare const call: Call;
const checked = (_check: () => unknown): void => undefined;

describe('the types', () => {
  it('tell each event by its name', () => {
    checked(() => client.on('incoming', ({ call: incoming }) => expectTypeOf(incoming).toEqualTypeOf<IncomingCall>()));
    checked(() => client.on('quality', ({ quality }) => expectTypeOf(quality).toEqualTypeOf<CallQuality>()));
    checked(() => client.on('ended', ({ durationSeconds }) => expectTypeOf(durationSeconds).toEqualTypeOf<number | null>()));
    checked(() => call.on('accepted', ({ channelId }) => expectTypeOf(channelId).toBeString()));
    checked(() => client.chat.on('typing', ({ isTyping }) => expectTypeOf(isTyping).toBeBoolean()));
    expectTypeOf<ClientEvents['elsewhere']['event']>().toExtend<string>();
    expectTypeOf<ReturnType<Client['on']>>().toEqualTypeOf<() => void>();
    // @ts-expect-error: there is no such event
    checked(() => client.on('answered', () => undefined));
    // @ts-expect-error: a call does not tell of connections
    checked(() => call.on('connection', () => undefined));
  });

  it('tell the two directions apart', () => {
    expectTypeOf<ReturnType<Client['place']>>().toEqualTypeOf<OutgoingCall>();
    checked(() => (call.direction === 'incoming' ? expectTypeOf(call.accept()).resolves.toBeVoid() : null));
    checked(() => (call.direction === 'outgoing' ? expectTypeOf(call.cancel()).resolves.toEqualTypeOf<CallOutcome>() : null));
    expectTypeOf<Extract<Call, { direction: 'outgoing' }>>().toEqualTypeOf<OutgoingCall>();
    // @ts-expect-error: who placed a call cannot accept it
    checked(() => client.place('ben').accept());
    // @ts-expect-error: who is called cannot cancel
    checked(() => call.direction === 'incoming' && call.cancel());
  });

  it('know the states that the contract knows, and one more', () => {
    expectTypeOf<Call['state']>().toEqualTypeOf<CallView['status'] | 'ANSWERED_ELSEWHERE'>();
  });

  it('refuse what the server would refuse', () => {
    // @ts-expect-error: no such type of call
    checked(() => client.place('ben', { callType: 'FAX' }));
    // @ts-expect-error: no such quality
    checked(() => call.quality('GOOD'));
    checked(() => {
      // @ts-expect-error: a call's state is not the app's to set
      call.state = 'ENDED';
    });
    // @ts-expect-error: there is no such platform
    checked(() => client.push.registerDevice({ token: 't', platform: 'symbian' }));
    // @ts-expect-error: where to?
    checked(() => connect({ token: 't' }));
    checked(() => connect({ url: ['https://a.example', 'https://b.example'], getToken: async () => null }));
  });
});
