import type { Subscriber } from '@trunkline/bus';
import { expect, it } from 'vitest';
import { createCommandSender } from '../command-sender.ts';
import { traceSender } from './trace-sender.ts';
import { traceSubscriber } from './trace-subscriber.ts';

it('switched off, commands and events take the way that they would take without it', () => {
  const send = createCommandSender({ placesAreScreened: () => false } as never);
  expect(traceSender(send, null)).toBe(send);
  const subscriber = {} as Subscriber;
  expect(traceSubscriber(subscriber, null)).toBe(subscriber);
});
