import type { Publisher } from '@trunkline/bus';
import { expect, it } from 'vitest';
import { traceChatDecisions, traceDecisions } from './trace-decisions.ts';
import { tracePublisher } from './trace-publisher.ts';
import { withTraces } from './trace-pushes.ts';

it('switched off, everything takes the way that it would take without it', () => {
  const decider = { decide: () => Promise.resolve(null) };
  expect(traceDecisions(decider, null)).toBe(decider);
  const chats = { decide: () => Promise.reject(new Error('not asked')) };
  expect(traceChatDecisions(chats, null)).toBe(chats);
  const publisher = {} as Publisher;
  expect(tracePublisher(publisher, null)).toBe(publisher);
});

it('pushes of what is not traced are left as they are', () => {
  const pushes = [{ id: 'p', attempt: 1, callId: 'c', bulkId: null, delayMs: 0 }];
  expect(withTraces(pushes, [])).toBe(pushes);
});
