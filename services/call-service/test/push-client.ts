import { randomUUID } from 'node:crypto';
import type { ClaimedPush, PushResult } from '@trunkline/contract';
import { createRestClient, mintToken, type RestClient, type TokenClaims } from '@trunkline/testing';
import type { RunningCallService } from './running-call-service.ts';

export interface PushRow {
  id: string;
  attempt: number;
  user_id: string;
  target_id: string;
  type: string;
  status: string;
  error: string | null;
  content: Record<string, unknown>;
  send_unless: string | null;
}

/** A call-service as apps, the app's backend and a notifier meet it. */
export const pushClient = (service: RunningCallService) => {
  const as = async (userId: string, claims: TokenClaims = {}): Promise<RestClient> =>
    createRestClient(service.url, await mintToken(userId, claims));
  return {
    as,
    device: async (userId: string, deviceId: string | null = null, token = `token-${randomUUID()}`): Promise<string> => {
      const { status } = await (await as(userId)).post('/v1/notifications/devices', { token, platform: 'android', deviceId });
      if (status !== 201) throw new Error(`a device was answered ${status}`);
      return token;
    },
    place: async (callerId: string, calleeId: string, more: object = {}): Promise<string> => {
      const { body } = await (await as(callerId, { name: `${callerId}’s name` })).post('/api/v1/calls/initiate', { calleeId, ...more });
      return body.data.id;
    },
    /** All pushes of one type about a call, or all there are. */
    pushes: (type?: string): Promise<PushRow[]> =>
      service.database.query<PushRow>('SELECT * FROM pushes WHERE $1::text IS NULL OR type = $1 ORDER BY created_at, id', [type ?? null]),
    claim: async (asked: readonly { id: string; attempt: number }[]): Promise<ClaimedPush[]> => {
      const response = await service.post('claimPushes', { pushes: asked.map(({ id, attempt }) => ({ id, attempt })) });
      return ((await response.json()) as { pushes: ClaimedPush[] }).pushes;
    },
    report: async (...results: object[]): Promise<number> =>
      (await service.post('pushResults', { results: results as unknown as PushResult[] })).status,
    stateOf: async (callId: string): Promise<string | undefined> =>
      (await service.database.query<{ state: string }>('SELECT state FROM calls WHERE id = $1', [callId]))[0]?.state,
    traceOf: async (callId: string): Promise<{ kind: string; device_id: string | null; detail: Record<string, unknown> | null }[]> =>
      service.database.query('SELECT kind, device_id, detail FROM call_trace WHERE call_id = $1 ORDER BY id', [callId]),
  };
};
