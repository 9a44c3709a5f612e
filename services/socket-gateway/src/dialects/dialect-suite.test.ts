import { Call, CallEvent, Command, ErrorCode, RequestId, refusal, type ServerEvent, SessionId, type UserId } from '@trunkline/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { someBytes, someEvent, someFrame, someViewer } from '../../test/arbitraries.ts';
import { aCall, aCallEvent } from '../../test/call-event.ts';
import { SCENES, type SceneName, VIEWERS, type ViewerName } from '../../test/scenes.ts';
import { readTranscript } from '../../test/transcript.ts';
import { parseBounded } from '../transports/json-text.ts';
import { chattrix } from './chattrix.ts';
import { CHATTRIX_WORDS } from './chattrix-words.ts';
import type { Vocabulary } from './decoding.ts';
import type { Answer, Asked, Dialect, EventFrame, JsonFrame, Reply } from './dialect.ts';
import { onlycare } from './onlycare.ts';
import { ONLYCARE_WORDS } from './onlycare-words.ts';
import { otomo } from './otomo.ts';
import { OTOMO_WORDS } from './otomo-words.ts';
import { tellingFor, type Viewer } from './telling.ts';

interface Subject<Frame> {
  readonly dialect: Dialect<Frame>;
  readonly vocabulary: Vocabulary;
  /** What the transport makes of a frame on the wire, and the other way round. */
  received(wire: unknown): Frame;
  sent(frame: Frame): unknown;
  /** How a client asks for an answer. */
  readonly asking: { asked: Asked; acknowledges: boolean };
}

const ASKED: Asked = { callId: 'CALL_1', requestId: null };

const eventSubject: Subject<EventFrame> = {
  dialect: onlycare,
  vocabulary: ONLYCARE_WORDS,
  received: (wire) => wire as EventFrame,
  sent: (frame) => frame,
  asking: { asked: ASKED, acknowledges: true },
};

const jsonSubject = (dialect: Dialect<JsonFrame>, vocabulary: Vocabulary): Subject<JsonFrame> => ({
  dialect,
  vocabulary,
  received: (wire) => ({ json: wire }),
  sent: ({ json }) => json,
  asking: { asked: { ...ASKED, requestId: RequestId.parse('r-1') }, acknowledges: false },
});

/** Equal texts: the same fields in the same order. */
const text = (value: unknown): string | undefined => JSON.stringify(value);

/** Specifications write whole seconds where we always write milliseconds. */
const withMilliseconds = (wire: unknown): string | undefined => text(wire)?.replaceAll(/(T\d\d:\d\d:\d\d)Z/g, '$1.000Z');

const viewerOf = (userId: UserId): Viewer => ({ userId, deviceId: null, sessionId: SessionId.parse('s') });

const REPLIES = { call: { ok: true, call: aCall({ state: 'INITIATING' }) }, nothing: { ok: true, call: null } } as const;

const named = <Line>(lines: readonly Line[], name: (line: Line) => unknown) => lines.map((line) => [text(name(line)), line] as const);

const conforms = <Frame>({ dialect, vocabulary, received, sent, asking }: Subject<Frame>): void => {
  const transcript = readTranscript(dialect.name);
  const words = [...vocabulary.commands.keys(), vocabulary.refresh];
  const decode = (wire: unknown) => dialect.decode(received(wire));
  const toldOnWire = (event: ServerEvent, viewer: Viewer): unknown => {
    const telling = tellingFor(event, viewer);
    return telling === null ? null : sent(dialect.encode(telling));
  };
  const answerOnWire = (answer: Answer<Frame>): unknown => {
    if (answer === null) return null;
    return 'frame' in answer ? sent(answer.frame) : answer.acknowledgement;
  };

  describe(`${dialect.name}: what a client says`, () => {
    it.each(named(transcript.words, ({ says }) => says))('%s', (_name, { says, asked, means }) => {
      const meaning = means !== null && 'refreshToken' in means ? means : { command: means };
      expect(decode(says)).toStrictEqual({ asked, ...meaning });
    });

    it('has every word in the transcript', () => {
      const said = new Set(transcript.words.map(({ says }) => Object.values(says as object)[0]));
      expect([...said].sort()).toEqual([...words].sort());
    });

    it.each(named(transcript.unclear, ({ says }) => says))('%s is not understood', (_name, { says, asked, message }) => {
      const decoded = decode(says);
      expect(decoded.asked).toStrictEqual(asked);
      expect(decoded).toHaveProperty('refused.code', 'parse_error');
      expect(decoded).toHaveProperty('refused.message', expect.stringContaining(message));
    });

    it('is a command that the contract takes, or refused, whatever it is', () => {
      fc.assert(
        fc.property(someFrame(words), (wire) => {
          const decoded = decode(wire);
          if ('command' in decoded && decoded.command !== null) expect(Command.parse(decoded.command)).toEqual(decoded.command);
          if ('refused' in decoded) expect(['parse_error', 'call_not_found']).toContain(decoded.refused.code);
        }),
        { numRuns: 1000 },
      );
    });
  });

  describe(`${dialect.name}: what a client is told`, () => {
    it.each(Object.keys(SCENES) as SceneName[])('%s', (scene) => {
      for (const viewer of Object.keys(VIEWERS) as ViewerName[]) {
        const frame = toldOnWire(SCENES[scene], VIEWERS[viewer]);
        const told = transcript.told[scene]?.find(({ viewers }) => viewers.includes(viewer));
        expect(text(frame), viewer).toBe(text(told?.hears ?? null));
      }
    });

    it('has every scene in the transcript, and no viewer that is not one', () => {
      expect(Object.keys(transcript.told).sort()).toEqual(Object.keys(SCENES).sort());
      const viewers = Object.values(transcript.told).flatMap((lines) => lines.flatMap((line) => line.viewers));
      expect(Object.keys(VIEWERS)).toEqual(expect.arrayContaining(viewers));
    });

    it('is a frame or nothing, whatever happened', () => {
      fc.assert(
        fc.property(someEvent, someViewer, (event, viewer) => {
          CallEvent.parse(event);
          expect(text(toldOnWire(event, viewer))).toBeTypeOf('string');
        }),
        { numRuns: 1000 },
      );
    });
  });

  describe(`${dialect.name}: what a client is answered`, () => {
    it.each(named(transcript.answers, ({ answer }) => answer))('%s', (_name, { reply, asked, acknowledges, answer }) => {
      expect(text(answerOnWire(dialect.answer(REPLIES[reply], asked, acknowledges)))).toBe(text(answer));
    });

    it.each(ErrorCode.options)('%s', (code) => {
      const reply: Reply = { ok: false, error: refusal(code, code === 'invalid_status' ? { status: 'ENDED' } : {}) };
      const { frame, answer } = transcript.refusals[code];
      expect(text(answerOnWire(dialect.answer(reply, ASKED, false)))).toBe(text(frame));
      expect(text(answerOnWire(dialect.answer(reply, asking.asked, asking.acknowledges)))).toBe(text(answer));
    });
  });

  describe.each(transcript.conversations)(`${dialect.name}: $name`, ({ steps }) => {
    it.each(steps.map((step, index) => [index + 1, step] as const))('step %i', (_number, step) => {
      if ('client' in step) {
        expect(decode(step.client)).toHaveProperty('command', step.means);
      } else if ('refused' in step) {
        const reply: Reply = { ok: false, error: refusal(step.refused, { message: step.message }) };
        expect(text(answerOnWire(dialect.answer(reply, step.asked, false)))).toBe(withMilliseconds(step.server));
      } else {
        const { event: type, at, by, quality, viewer } = step;
        const call = Call.parse({ ...aCall(), ...step.call });
        const event = aCallEvent({ type, at, actor: { userId: by, deviceId: null, sessionId: null }, call, quality });
        expect(text(toldOnWire(event, viewerOf(viewer)))).toBe(withMilliseconds(step.server));
      }
    });
  });
};

conforms(eventSubject);
conforms(jsonSubject(chattrix, CHATTRIX_WORDS));
conforms(jsonSubject(otomo, OTOMO_WORDS));

it.each([chattrix, otomo])('$name refuses all bytes that are not JSON of its own', (dialect) => {
  fc.assert(
    fc.property(someBytes, (bytes) => {
      expect(dialect.decode({ json: parseBounded(bytes) })).toHaveProperty('refused.code', 'parse_error');
    }),
    { numRuns: 1000 },
  );
});

it('what closes a raw WebSocket is said by its own close', () => {
  expect([chattrix.closing('going_away', 0), otomo.closing('flooding', 0)]).toEqual([null, null]);
});
