import type { Topic } from './bus.ts';

/** The channel of one user and topic. Sharded pub/sub spreads channels over a Redis Cluster by their name. */
export const userChannel = (prefix: string, topic: Topic, userId: string): string => `${prefix}:${topic}:${userId}`;

/** Where one subscriber talks to itself, to know that it hears. */
export const probeChannel = (prefix: string, subscriberId: string): string => `${prefix}:probe:${subscriberId}`;

/** Where all gateways are told something at once. */
export const noticeChannel = (prefix: string): string => `${prefix}:notices`;

/** What every channel of the Socket.IO adapter begins with. */
export const adapterChannelPrefix = (prefix: string): string => `${prefix}:rooms`;

const SOCKET_ID_LENGTH = 20;

/**
 * The adapter room that holds all sessions of one user. The sharded adapter takes any name of 20 characters for a
 * socket id and gives it no channel, so such a name gets one more.
 */
export const presenceRoom = (userId: string): string => {
  const room = `presence:${userId}`;
  return room.length === SOCKET_ID_LENGTH ? `${room}:` : room;
};

/** The channel that the adapter subscribes to while it has a session in this user's presence room. */
export const presenceChannel = (prefix: string, userId: string): string => `${adapterChannelPrefix(prefix)}#/#${presenceRoom(userId)}#`;

/** The BullMQ prefix of all queues. The braces keep them in one slot, without which a Redis Cluster refuses BullMQ's scripts. */
export const jobsPrefix = (prefix: string): string => `{${prefix}:jobs}`;
