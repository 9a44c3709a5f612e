import type { Subscriber } from '@trunkline/bus';
import type { ChatEvent, ServerEvent } from '@trunkline/contract';
import type { Tracing } from '@trunkline/service-kit';

const aboutOf = (event: ServerEvent | ChatEvent): Record<string, string> => ('call' in event ? { 'trunkline.call_id': event.call.id } : {});

/** What a session hears of a traced command belongs to its trace: from the bus to the socket. */
export const traceSubscriber = (subscriber: Subscriber, tracing: Tracing | null): Subscriber => {
  if (tracing === null) return subscriber;
  const traced =
    <Event extends ServerEvent | ChatEvent>(listener: (event: Event) => void) =>
    (event: Event): void => {
      const { traceparent: parent, type } = event;
      const span = parent && tracing.begin({ name: `deliver ${type}`, kind: 'consumer', parent, attributes: aboutOf(event) });
      listener(event);
      if (span) span.end();
    };
  return {
    ...subscriber,
    subscribe: (userId, listener) => subscriber.subscribe(userId, traced(listener)),
    subscribeToChats: (userId, listener) => subscriber.subscribeToChats(userId, traced(listener)),
  };
};
