import { type Command, UserId } from '@trunkline/contract';
import { z } from 'zod';
import {
  Accept,
  Cancel,
  ChannelId,
  Connected,
  endAs,
  placeCommand,
  placeFields,
  Quality,
  Reject,
  RingShown,
  Signal,
} from './call-words.ts';
import type { Vocabulary } from './decoding.ts';

const Initiate = z
  .object({ receiverId: UserId, ...placeFields, channelName: ChannelId })
  .transform(({ receiverId, channelName, ...words }) => placeCommand(receiverId, { ...words, channelId: words.channelId ?? channelName }));

/** Every event that an OnlyCare client may send. */
export const ONLYCARE_WORDS: Vocabulary = {
  noun: 'event',
  refresh: 'auth:refresh',
  commands: new Map<string, z.ZodType<Command>>([
    ['call:initiate', Initiate],
    ['call:ringing', RingShown],
    ['call:accept', Accept],
    ['call:reject', Reject],
    ['call:cancel', Cancel],
    ['call:end', endAs('cancel_or_reject')],
    ['call:connected', Connected],
    ['call:quality', Quality],
    ['call:signal', Signal],
  ]),
};
