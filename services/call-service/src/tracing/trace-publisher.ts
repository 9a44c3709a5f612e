import type { Publisher } from '@trunkline/bus';
import type { OpenSpan, Tracing } from '@trunkline/service-kit';

/** Found in the text, which is published as it was stored. */
const CARRIED = /"traceparent":"(00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})"/;

/** From the outbox to Redis, for each event of a traced command; also for what a relay brings later. */
export const tracePublisher = (publisher: Publisher, tracing: Tracing | null): Publisher => {
  if (tracing === null) return publisher;
  const begin = (text: string, topic: string): OpenSpan | null => {
    const parent = CARRIED.exec(text)?.[1];
    return parent === undefined ? null : tracing.begin({ name: `publish ${topic}`, kind: 'producer', parent, attributes: {} });
  };
  return {
    ...publisher,
    publish: async (publications) => {
      // The same text goes to every recipient.
      const topics = new Map(publications.map(({ text, topic }) => [text, topic]));
      const spans = new Map([...topics].map(([text, topic]) => [text, begin(text, topic)]));
      const answers = await publisher.publish(publications);
      const untaken = new Set(publications.filter((_, index) => answers[index] === null).map(({ text }) => text));
      for (const [text, span] of spans) span?.end(untaken.has(text) ? 'not_taken' : undefined);
      return answers;
    },
  };
};
