import type { FcmMessage } from './fcm-service.ts';

interface Request {
  /** Epoch milliseconds. */
  at: number;
  /** What it was answered. */
  status: number;
}

export interface ReceivedFcm extends Request {
  provider: 'fcm';
  project: string;
  /** The registration token, or the installation id. */
  target: string;
  kind: 'token' | 'fid';
  /** As it was sent. */
  message: FcmMessage;
}

export interface ReceivedWebPush extends Request {
  provider: 'web_push';
  /** The subscription's endpoint. */
  target: string;
  ttlSeconds: number;
  urgency: string;
  topic: string | null;
  /** Decrypted with the subscription's keys, as its service worker gets it. */
  payload: unknown;
  vapid: { publicKey: string; subject: string };
}

export type ReceivedPush = ReceivedFcm | ReceivedWebPush;
