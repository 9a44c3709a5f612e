import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { socketChat } from './chat/chat-wire.ts';
import { RawWire } from './wires/raw-wire.ts';
import { CHATTRIX } from './wires/raw-words.ts';

// A page without TLS is no secure context: it has no `crypto.randomUUID`.

const nothing = (): void => undefined;
const never = <Value>(): Promise<Value> => new Promise(nothing);
const AWAY = { url: 'http://127.0.0.1:1', restUrl: 'http://127.0.0.1:1', getToken: () => never<string>(), log: nothing };

beforeEach(() => void vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) }));
afterEach(() => void vi.unstubAllGlobals());

it('a raw phone without TLS asks', async () => {
  const wire = new RawWire(CHATTRIX, { ...AWAY, hear: nothing });
  expect(await wire.place({ callId: 'C', calleeId: 'ben', callType: 'AUDIO' })).toMatchObject({ ok: false, code: 'unreachable' });
});

it('a chat without TLS sends', () => {
  const listener = { onMessage: nothing, onHistory: nothing, onTyping: nothing, onRead: nothing };
  const chat = socketChat({ ...AWAY, listener });
  expect(() => void chat.send('c', 'Hello!').catch(nothing)).not.toThrow();
  chat.close();
});
