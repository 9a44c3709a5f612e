import { type Command, RequestId, refusal, storablePart } from '@trunkline/contract';
import { z } from 'zod';
import type { Asked, Decoded } from './dialect.ts';

/** The words that a dialect's clients may say. */
export interface Vocabulary {
  /** What the dialect calls a word. */
  readonly noun: 'event' | 'type';
  /** A `Map`, so that a client saying "toString" finds nothing. `null`: understood, and nothing is to be done. */
  readonly commands: ReadonlyMap<string, z.ZodType<Command | null>>;
  /** The word for a new token. */
  readonly refresh: string;
}

/** A word of a client with what came with it, wherever its frames have these. */
export interface Saying {
  readonly word: string;
  readonly body: unknown;
  readonly requestId: unknown;
}

interface Body {
  readonly callId?: unknown;
}

const LONGEST_ID = 64;
const LONGEST_WORD = 40;

const Refresh = z.object({ token: z.string() });
const OptionalRequestId = RequestId.nullish();

/** Whether it is a JSON object. */
export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What was asked by a frame that could not be read. */
export const NOTHING_ASKED: Asked = { callId: null, requestId: null };

/** What the answer to a frame must repeat, however wrong the rest of it is. */
export const askedIn = (body: unknown, requestId: unknown): Asked => {
  const { callId }: Body = isObject(body) ? body : {};
  return {
    callId: typeof callId === 'string' ? storablePart(callId, LONGEST_ID) : null,
    requestId: OptionalRequestId.safeParse(requestId).data ?? null,
  };
};

/** A refusal of a frame that is not understood. */
export const unreadable = (asked: Asked, message: string): Decoded => ({
  asked,
  refused: refusal('parse_error', { message, callId: asked.callId ?? undefined }),
});

/** What a rule of a vocabulary says of itself that fails where there is no such call. */
export const NO_SUCH_CALL = { code: 'call_not_found' } as const;

/** The first thing that is wrong, named by its field. */
const problemIn = (error: z.ZodError): string => {
  const [issue] = error.issues;
  return issue === undefined ? 'the payload is not understood' : [...issue.path, issue.message].join(': ');
};

const withCallee = (asked: Asked, command: Command | null): Asked =>
  command?.type === 'place_call' ? { ...asked, calleeId: command.calleeId } : asked;

const decodeRefresh = (body: object, asked: Asked): Decoded => {
  const { success, data } = Refresh.safeParse(body);
  return success ? { asked, refreshToken: data.token } : unreadable(asked, 'token: must be text');
};

const decodeCommand = (words: z.ZodType<Command | null>, body: object, asked: Asked): Decoded => {
  const { success, data, error } = words.safeParse(body);
  if (success) return { asked: withCallee(asked, data), command: data };
  const [issue] = error.issues;
  const isNoSuchCall = issue?.code === 'custom' && issue.params === NO_SUCH_CALL;
  return isNoSuchCall
    ? { asked, refused: refusal('call_not_found', { callId: asked.callId ?? undefined }) }
    : unreadable(asked, problemIn(error));
};

/** What a client means by a word. */
export const decodeSaying = ({ noun, commands, refresh }: Vocabulary, { word, body, requestId }: Saying): Decoded => {
  const asked = askedIn(body, requestId);
  if (!OptionalRequestId.safeParse(requestId).success) return unreadable(asked, 'requestId: must be text of 1–128 characters');
  const words = commands.get(word);
  if (words === undefined && word !== refresh) return unreadable(asked, `There is no ${noun} "${storablePart(word, LONGEST_WORD)}"`);
  if (!isObject(body)) return unreadable(asked, `The payload of "${word}" must be an object`);
  return words === undefined ? decodeRefresh(body, asked) : decodeCommand(words, body, asked);
};
