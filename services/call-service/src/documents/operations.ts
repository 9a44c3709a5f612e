import type { Operations } from './operation.ts';
import { CALL_OPERATIONS } from './operations/call-operations.ts';
import { CHAT_OPERATIONS } from './operations/chat-operations.ts';
import { HEALTH_OPERATIONS } from './operations/health-operations.ts';
import { LIVE_OPERATIONS } from './operations/live-operations.ts';
import { MEDIA_OPERATIONS } from './operations/media-operations.ts';
import { NOTIFICATION_OPERATIONS } from './operations/notification-operations.ts';
import { SERVER_CALL_OPERATIONS } from './operations/server-call-operations.ts';
import { SERVER_KEY_OPERATIONS } from './operations/server-key-operations.ts';
import { SERVER_OPERATIONS } from './operations/server-operations.ts';
import { USER_OPERATIONS } from './operations/user-operations.ts';

/** Everything that call-service answers to others than Trunkline's own processes. */
export const OPERATIONS: Operations = {
  ...CALL_OPERATIONS,
  ...MEDIA_OPERATIONS,
  ...USER_OPERATIONS,
  ...CHAT_OPERATIONS,
  ...NOTIFICATION_OPERATIONS,
  ...SERVER_CALL_OPERATIONS,
  ...SERVER_KEY_OPERATIONS,
  ...SERVER_OPERATIONS,
  ...LIVE_OPERATIONS,
  ...HEALTH_OPERATIONS,
};
