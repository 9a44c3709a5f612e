import { expect, it } from 'vitest';
import { android, RING, STOP, startPushLine } from './push-line.ts';

it('a ring is a data message that lives as long as the ring', async () => {
  await using line = await startPushLine();
  const token = line.standIn.newFcmToken();
  const before = Date.now();

  const result = await line.send({ content: RING, address: android(token), collapseKey: 'call-1', expiresInMs: 40_000 });

  expect(result).toMatchObject({
    outcome: 'accepted',
    attempt: 1,
    providerId: expect.stringMatching(/^projects\/trunkline-dev\/messages\/0:/),
  });
  const [received, ...others] = line.standIn.received();
  expect(others).toEqual([]);
  expect(received).toMatchObject({
    provider: 'fcm',
    kind: 'token',
    target: token,
    message: {
      token,
      data: {
        type: 'incoming_call',
        callId: 'CALL_17637599232099',
        callerId: 'USR_123',
        callerName: 'Alice',
        callerAvatar: 'https://example.com/alice.png',
        callType: 'VIDEO',
        channelId: 'channel-1',
        expiresAt: expect.stringMatching(/^\d{13}$/),
      },
      android: { priority: 'high', collapse_key: 'call-1', ttl: expect.stringMatching(/^3\d\.\d+s$/) },
    },
  });
});
