import { createHash } from 'node:crypto';
import type { AndroidConfig, ApnsConfig, Message, WebpushConfig } from 'firebase-admin/messaging';
import { DELIVERY, LONGEST_TTL_MS, topicOf } from '../delivery.ts';
import { pushData } from '../push-data.ts';
import type { PushTo } from '../push-sender.ts';
import { type Notice, noticeOf, shortName } from '../templates/templates.ts';

/** The app shows a ring and its end by itself; of the rest it may show these words. */
const wordsOf = ({ content }: PushTo<'fcm'>, { title, body }: Notice): Record<string, string> => {
  if (content.type === 'incoming_call' || content.type === 'call_cancelled' || content.type === 'chat_read') return {};
  if (content.type !== 'chat_message') return { title, body };
  return { senderId: content.senderId, senderName: shortName(content.senderName), messageType: content.messageType, title, body };
};

/** FCM keeps four collapse keys of a device at most: with one each, what waits for a phone that is off would push each other out. */
const androidOf = ({ content, collapseKey }: PushTo<'fcm'>, ttlMs: number): AndroidConfig => {
  const { android: priority, isUrgent } = DELIVERY[content.type];
  return { priority, ttl: ttlMs, ...(isUrgent && collapseKey !== null ? { collapseKey } : {}) };
};

const LONGEST_COLLAPSE_ID = 64;
/** All that is about one call is one alert, the last one. */
const collapseKeyOf = ({ content, collapseKey }: PushTo<'fcm'>): string | null => ('callId' in content ? content.callId : collapseKey);
const collapseId = (key: string): string =>
  Buffer.byteLength(key) <= LONGEST_COLLAPSE_ID ? key : createHash('sha256').update(key).digest('base64url');

const apsOf = ({ content }: PushTo<'fcm'>, { title, body }: Notice) => {
  const { ios } = DELIVERY[content.type];
  if (ios === 'background') return { contentAvailable: true };
  return { alert: { title, body }, ...(ios === 'sound' ? { sound: 'default' } : {}) };
};

const apnsOf = (push: PushTo<'fcm'>, notice: Notice, expiresAt: number): ApnsConfig => {
  const key = collapseKeyOf(push);
  const isBackground = DELIVERY[push.content.type].ios === 'background';
  return {
    headers: {
      'apns-priority': isBackground ? '5' : '10',
      'apns-push-type': isBackground ? 'background' : 'alert',
      'apns-expiration': String(Math.floor(expiresAt / 1000)),
      ...(key === null ? {} : { 'apns-collapse-id': collapseId(key) }),
    },
    payload: { aps: apsOf(push, notice) },
  };
};

const webpushOf = ({ content, collapseKey }: PushTo<'fcm'>, ttlMs: number): WebpushConfig => ({
  headers: {
    TTL: String(Math.floor(ttlMs / 1000)),
    Urgency: DELIVERY[content.type].webUrgency,
    ...(collapseKey === null ? {} : { Topic: topicOf(collapseKey) }),
  },
});

const platformOf = (push: PushTo<'fcm'>, notice: Notice, ttlMs: number, expiresAt: number) => {
  switch (push.address.platform) {
    case 'android':
      return { android: androidOf(push, ttlMs) };
    case 'ios':
      return { apns: apnsOf(push, notice, expiresAt) };
    case 'web':
      return { webpush: webpushOf(push, ttlMs) };
  }
};

/** A push in FCM's words: data alone, all of it strings, good for the time that is left. `now`: epoch milliseconds. */
export const fcmMessage = (push: PushTo<'fcm'>, leftMs: number, now: number): Message => {
  const ttlMs = Math.min(Math.max(Math.floor(leftMs), 0), LONGEST_TTL_MS);
  const expiresAt = now + ttlMs;
  const notice = noticeOf(push.content, push.language);
  const { kind, token } = push.address;
  return {
    ...(kind === 'fid' ? { fid: token } : { token }),
    data: { ...pushData(push.content, expiresAt), ...wordsOf(push, notice) },
    ...platformOf(push, notice, ttlMs, expiresAt),
  };
};
