import { type ChatAnswer, type ChatInput, type ChatLoaded, type ChatOutcome, ChatWorld } from './chat-world.ts';
import { type MarkEnvelope, markRead } from './mark-read.ts';
import { archiveChat, createChat, putMember, removeMember } from './membership.ts';
import { type SendEnvelope, send, speak } from './send.ts';
import { tellCall } from './tell-call.ts';

const decideInput = (world: ChatWorld, input: ChatInput): ChatAnswer => {
  switch (input.kind) {
    case 'command':
      return input.envelope.command.type === 'send_message'
        ? send(world, input.envelope as SendEnvelope)
        : markRead(world, input.envelope as MarkEnvelope);
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
    audit: world.audit,
  };
};
