export type { FcmMessage } from './fcm-service.ts';
export { type PushStandIn, type PushStandInOptions, startPushStandIn } from './push-stand-in.ts';
export type { ReceivedFcm, ReceivedPush, ReceivedWebPush } from './received-push.ts';
export type { Script } from './scripts.ts';
export type { BrowserSubscription } from './web-push-service.ts';
