import { z } from 'zod';
import { AuditQuery } from '../../server-api/audit-reader.ts';
import { CreateKeyBody } from '../../server-api/key-routes.ts';
import { ReplayBody } from '../../webhooks/replay.ts';
import type { Operations } from '../operation.ts';

const at = z.iso.datetime();

const ListedKey = z
  .object({
    name: z.string(),
    source: z.enum(['environment', 'table']),
    createdAt: at.nullable(),
    createdBy: z.string().nullable(),
    lastUsedAt: at.nullable(),
    revokedAt: at.nullable(),
  })
  .meta({ id: 'ServerKey' });

const AuditItem = z
  .object({
    id: z.string(),
    at,
    key: z.string().nullable().describe('The name of the key'),
    action: z.string(),
    callId: z.string().nullable(),
    chatId: z.string().nullable(),
    userId: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: 'AuditItem' });

export const SERVER_KEY_OPERATIONS: Operations = {
  'GET /v1/server/keys': {
    tag: 'server',
    summary: 'The server keys, without what would let one in',
    asks: 'server',
    answers: { 200: { what: 'Those of the environment and those of the table', schema: z.object({ items: z.array(ListedKey) }) } },
  },
  'POST /v1/server/keys': {
    tag: 'server',
    summary: 'Make a server key',
    asks: 'server',
    body: CreateKeyBody,
    answers: {
      201: {
        what: 'The key, which is shown this once',
        schema: z.object({ name: z.string(), key: z.string(), createdAt: at, createdBy: z.string() }),
      },
    },
    refusals: ['conflict'],
  },
  'DELETE /v1/server/keys/:name': {
    tag: 'server',
    summary: 'Revoke a server key, at once and for good',
    asks: 'server',
    answers: { 200: { what: 'When it was revoked, now or before', schema: z.object({ name: z.string(), revokedAt: at }) } },
    refusals: ['not_found'],
  },
  'GET /v1/server/audit': {
    tag: 'server',
    summary: 'What was done with server keys, newest first',
    asks: 'server',
    query: AuditQuery,
    answers: { 200: { what: 'A page', schema: z.object({ items: z.array(AuditItem), nextCursor: z.string().nullable() }) } },
  },
  'POST /v1/server/webhooks/replay': {
    tag: 'server',
    summary: 'Send webhooks again',
    asks: 'server',
    body: ReplayBody,
    answers: { 202: { what: 'So many are sent again, oldest first', schema: z.object({ replayed: z.int() }) } },
    refusals: ['invalid_status'],
  },
};
