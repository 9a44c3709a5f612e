import { FcmTokenKind, PushContent, PushPlatform } from '@trunkline/contract';
import { z } from 'zod';
import { PreferenceChange, Preferences } from '../../notifications/preferences.ts';
import { PushHistoryQuery } from '../../notifications/push-history.ts';
import { DeviceBody, RemovedDevice, RemovedSubscription, subscriptionBody } from '../../notifications/target-bodies.ts';
import type { Operation, Operations } from '../operation.ts';

const registered = { id: z.uuid(), deviceId: z.string().nullable(), locale: z.string().nullable() };

const remove = (summary: string, body: z.ZodObject): Operation => ({
  tag: 'notifications',
  summary,
  description: 'Who cannot send a body with DELETE says it in the query.',
  asks: 'user',
  body,
  bodyOptional: true,
  query: body.partial(),
  answers: { 204: { what: 'It is gone, also where there was none' } },
});

const PushedItem = z
  .object({
    id: z.uuid(),
    type: z.enum(PushContent.options.flatMap(({ shape: { type } }) => ('value' in type ? [type.value] : type.options))),
    data: z.record(z.string(), z.unknown()).describe('What the push was about'),
    status: z.enum(['accepted', 'queued', 'failed', 'expired', 'dropped']),
    targets: z.int(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Notification' });

export const NOTIFICATION_OPERATIONS: Operations = {
  'POST /v1/notifications/devices': {
    tag: 'notifications',
    summary: 'Register an app for pushes by FCM',
    asks: 'user',
    body: DeviceBody,
    answers: { 201: { what: 'The target', schema: z.object({ ...registered, platform: PushPlatform, kind: FcmTokenKind }) } },
  },
  'DELETE /v1/notifications/devices': remove('Remove an app', RemovedDevice),
  'POST /v1/notifications/subscribe': {
    tag: 'notifications',
    summary: 'Register a browser for Web Push',
    asks: 'user',
    body: subscriptionBody({ WEB_PUSH_ALLOWED_HOSTS: [], WEB_PUSH_ALLOW_INSECURE: false }),
    answers: { 201: { what: 'The target', schema: z.object({ ...registered, endpoint: z.string() }) } },
  },
  'DELETE /v1/notifications/subscribe': remove('Remove a browser', RemovedSubscription),
  'GET /v1/notifications/preferences': {
    tag: 'notifications',
    summary: 'What one wants to be told of',
    asks: 'user',
    answers: { 200: { what: 'The preferences', schema: Preferences } },
  },
  'PUT /v1/notifications/preferences': {
    tag: 'notifications',
    summary: 'Change that',
    description: 'What is left out stays.',
    asks: 'user',
    body: PreferenceChange,
    answers: { 200: { what: 'The preferences, as they are now', schema: Preferences } },
  },
  'GET /v1/notifications/history': {
    tag: 'notifications',
    summary: 'One’s notifications of the last month, newest first',
    asks: 'user',
    query: PushHistoryQuery,
    answers: {
      200: {
        what: 'A page; nextCursor is null where there is no older one',
        schema: z.object({ items: z.array(PushedItem), nextCursor: z.uuid().nullable() }),
      },
    },
  },
  'GET /v1/notifications/vapid-public-key': {
    tag: 'notifications',
    summary: 'The key that a browser needs to subscribe',
    asks: 'nobody',
    answers: { 200: { what: 'The key', schema: z.object({ publicKey: z.string() }) } },
    refusals: ['not_found'],
  },
};
