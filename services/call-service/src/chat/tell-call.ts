import { type Call, type CallNote, callNoteText, durationSeconds, SYSTEM } from '@trunkline/contract';
import type { ChatAnswer, ChatInput, ChatWorld } from './chat-world.ts';
import { sayIn } from './say.ts';

const outcomeOf = ({ state, endedBy }: Call): CallNote['outcome'] => {
  if (state === 'ENDED') return 'ended';
  if (state === 'FAILED') return 'failed';
  // What a callee turned down, in whatever words, is not missed; what found it busy, gone or late is.
  return state === 'REJECTED' && endedBy !== SYSTEM ? 'declined' : 'missed';
};

const noteOf = (call: Call): CallNote => ({
  kind: 'call',
  outcome: outcomeOf(call),
  callId: call.id,
  callType: call.callType,
  callerId: call.callerId,
  calleeId: call.calleeId,
  durationSeconds: durationSeconds(call),
});

/** Tells a chat of a call between two of its members that ended. Only a missed one is news, and to the callee alone. */
export const tellCall = (world: ChatWorld, { chatId, callId }: Extract<ChatInput, { kind: 'tell_call' }>): ChatAnswer => {
  const told = world.callToTell(callId);
  const chat = world.chat(chatId);
  world.toldCalls.push(callId);
  if (told === undefined || chat === undefined) return { ok: true, result: { type: 'nothing' } };
  const { callerId, calleeId } = told.call;
  const note = noteOf(told.call);
  sayIn(world, chat, {
    senderId: SYSTEM,
    senderRole: SYSTEM,
    senderName: null,
    senderSessionId: null,
    type: 'system',
    said: { content: callNoteText(note, calleeId), metadata: { ...note } },
    knownTo: note.outcome === 'missed' ? [callerId] : [callerId, calleeId],
  });
  return { ok: true, result: { type: 'nothing' } };
};
