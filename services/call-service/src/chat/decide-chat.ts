import { type ChatAnswer, type ChatInput, type ChatLoaded, type ChatOutcome, ChatWorld, type WriteEnvelope } from './chat-world.ts';
import { type MarkEnvelope, markRead } from './mark-read.ts';
import { archiveChat, createChat, putMember, removeMember } from './membership.ts';
import { type SendEnvelope, send, speak } from './send.ts';
import { tellCall } from './tell-call.ts';

const decideCommand = (world: ChatWorld, envelope: WriteEnvelope): ChatAnswer => {
  const before = world.events.length;
  const answer =
    envelope.command.type === 'send_message' ? send(world, envelope as SendEnvelope) : markRead(world, envelope as MarkEnvelope);
  // What a traced command caused belongs to its trace.
  const { traceparent } = envelope;
  if (traceparent !== undefined) for (const event of world.events.slice(before)) event.traceparent = traceparent;
  return answer;
};

const decideInput = (world: ChatWorld, input: ChatInput): ChatAnswer => {
  switch (input.kind) {
    case 'command':
      return decideCommand(world, input.envelope);
    case 'create':
      return createChat(world, input);
    case 'speak':
      return speak(world, input);
    case 'archive':
      return archiveChat(world, input);
    case 'put_member':
      return putMember(world, input);
    case 'remove_member':
      return removeMember(world, input);
    case 'tell_call':
      return tellCall(world, input);
  }
};

/** Decides a batch in the order of its arrival: pure, but for the records of `loaded`, which it changes in place, and chance in ids. */
export const decideChats = (inputs: readonly ChatInput[], loaded: ChatLoaded): ChatOutcome => {
  const world = new ChatWorld(loaded);
  const answers = inputs.map((input) => decideInput(world, input));
  return {
    answers,
    chats: world.changedChats,
    members: world.changedMembers,
    sent: world.sent,
    marked: world.marked,
    newKeys: world.newKeys,
    toldCalls: world.toldCalls,
    events: world.events,
    readings: world.readings,
    audit: world.audit,
  };
};
