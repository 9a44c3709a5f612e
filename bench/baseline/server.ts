import { createSecretKey, randomUUID } from 'node:crypto';
import type { Server as HttpServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { jwtVerify } from 'jose';
import pg from 'pg';
import { type DefaultEventsMap, Server, type Socket } from 'socket.io';
import { serveChats } from './chat.ts';

export interface ServerOptions {
  http: HttpServer;
  databaseUrl: string;
  redisUrl: string;
  prefix: string;
  jwtSecret: string;
}

interface SocketData {
  userId: string;
  name: string;
}

type UserSocket = Socket<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, SocketData>;

/** Clients send it, so nothing about it is known. */
interface Asked {
  receiverId?: string;
  callId?: string;
  reason?: string;
  callType?: string;
}

type Ack = ((answer: object) => void) | undefined;

const INSERT_CALL = {
  name: 'insert_call',
  text: `INSERT INTO calls (id, caller_id, callee_id, call_type, state, created_at) VALUES ($1, $2, $3, $4, 'RINGING', now())`,
};
/** The state guard that a careful author writes; who ends it is checked by the same statement. */
const END_CALL = {
  name: 'end_call',
  text: `UPDATE calls SET state = $3, reason = $4, ended_at = now() WHERE id = $1 AND (caller_id = $2 OR callee_id = $2)
    AND state IN ('RINGING', 'ACTIVE') RETURNING caller_id, callee_id`,
};
const ACCEPT_CALL = {
  name: 'accept_call',
  text: `UPDATE calls SET state = 'ACTIVE', accepted_at = now() WHERE id = $1 AND callee_id = $2 AND state = 'RINGING' RETURNING caller_id`,
};

const POOL_SIZE = 20;

/**
 * The signalling server that most teams write: Socket.IO with the Redis adapter, a socket map in Redis, one row and one emit per
 * command, the row committed before anybody is told. No batches, no outbox, no deadlines.
 */
export const startServer = ({ http, databaseUrl, redisUrl, prefix, jwtSecret }: ServerOptions): AsyncDisposable => {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: POOL_SIZE, options: '-c synchronous_commit=on' });
  const redis = new Redis(redisUrl);
  const subscriber = redis.duplicate();
  const key = createSecretKey(jwtSecret, 'utf8');
  const socketMap = `${prefix}:sockets`;
  const io = new Server<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, SocketData>(http, {
    adapter: createAdapter(redis, subscriber, { key: prefix }),
    transports: ['websocket'],
    perMessageDeflate: false,
    serveClient: false,
  });

  const emitTo = async (userId: string, event: string, body: object): Promise<void> => {
    const socketId = await redis.hget(socketMap, userId);
    if (socketId !== null) io.to(socketId).emit(event, body);
  };

  const authenticate = async (socket: UserSocket): Promise<void> => {
    const { payload } = await jwtVerify(String(socket.handshake.auth['token']), key, { algorithms: ['HS256'] });
    socket.data.userId = String(payload.sub);
    socket.data.name = String(payload['name']);
  };

  const chats = io.of('/chat');
  chats.use((socket, next) => {
    void authenticate(socket).then(
      () => next(),
      () => next(new Error('unauthorized')),
    );
  });
  serveChats(chats, pool);

  io.use(async (socket, next) => {
    try {
      await authenticate(socket);
      await redis.hset(socketMap, socket.data.userId, socket.id);
      next();
    } catch {
      next(new Error('unauthorized'));
    }
  });

  const initiate = async (socket: UserSocket, { receiverId = '', callType = 'AUDIO' }: Asked, ack: Ack): Promise<void> => {
    const { userId, name } = socket.data;
    const callId = randomUUID();
    await pool.query({ ...INSERT_CALL, values: [callId, userId, receiverId, callType] });
    const timestamp = Date.now();
    const body = { callId, callerId: userId, callerName: name, callerAvatar: null, callType, channelId: callId, timestamp };
    await emitTo(receiverId, 'call:incoming', body);
    ack?.({ ok: true, success: true, call: { id: callId, status: 'RINGING', channelId: callId } });
  };

  const end = async (socket: UserSocket, { callId = '', reason }: Asked, state: string, event: string): Promise<void> => {
    const { userId } = socket.data;
    const { rows } = await pool.query<{ caller_id: string; callee_id: string }>({
      ...END_CALL,
      values: [callId, userId, state, reason ?? null],
    });
    const [call] = rows;
    if (call === undefined) return void socket.emit('call:error', { callId, errorType: 'invalid_status', message: 'The call is over' });
    const other = call.caller_id === userId ? call.callee_id : call.caller_id;
    await emitTo(other, event, { callId, reason: reason ?? 'User declined', timestamp: Date.now() });
  };

  const accept = async (socket: UserSocket, { callId = '' }: Asked): Promise<void> => {
    const { rows } = await pool.query<{ caller_id: string }>({ ...ACCEPT_CALL, values: [callId, socket.data.userId] });
    const [call] = rows;
    if (call !== undefined)
      await emitTo(call.caller_id, 'call:accepted', { callId, acceptedBy: socket.data.userId, timestamp: Date.now() });
  };

  io.on('connection', (socket) => {
    const failed = (error: unknown): void => void socket.emit('call:error', { errorType: 'service_error', message: String(error) });
    socket.on('call:initiate', (asked: Asked, ack: Ack) => void initiate(socket, asked, ack).catch(failed));
    socket.on('call:accept', (asked: Asked) => void accept(socket, asked).catch(failed));
    socket.on('call:reject', (asked: Asked) => void end(socket, asked, 'REJECTED', 'call:rejected').catch(failed));
    socket.on('call:cancel', (asked: Asked) => void end(socket, asked, 'CANCELLED', 'call:cancelled').catch(failed));
    socket.on('call:end', (asked: Asked) => void end(socket, asked, 'ENDED', 'call:ended').catch(failed));
    socket.on('disconnect', () => void redis.hdel(socketMap, socket.data.userId).catch(failed));
  });

  return {
    async [Symbol.asyncDispose]() {
      await io.close();
      await pool.end();
      redis.disconnect();
      subscriber.disconnect();
    },
  };
};
