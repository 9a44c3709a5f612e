import { hasNote, keepNote } from './notes.ts';
import { type ReadPush, readPush } from './read-push.ts';
import { closeAt, closeExpiredRings, isExpired, show } from './shown.ts';

/** Longer than any push of a call may be on its way. */
const REMEMBERED_MS = 600_000;

type About = 'over' | 'missed';

const note = (about: About, callId: string): string => `${about}/${encodeURIComponent(callId)}`;
const remember = (about: About, callId = ''): Promise<void> => keepNote(note(about, callId), true, REMEMBERED_MS);

/** Nothing rings here for this call any more, whatever push of it is still on its way. */
export const rememberOver = (callId: string): Promise<void> => remember('over', callId);

const showRing = async (push: ReadPush): Promise<void> => {
  const { callId = '', expiresAt } = push.data;
  if (isExpired(push.data) || (await hasNote(note('over', callId)))) return;
  // The server rings a second time where no device has said that it rings: that is to be heard.
  await show({ ...push, options: { ...push.options, renotify: push.options.tag !== undefined } });
  // For as long as this worker lives; one that the browser has ended hears of the end by the push of the stop.
  if (expiresAt !== undefined) setTimeout(closeExpiredRings, Number(expiresAt) - Date.now());
};

/** Takes the place of what is shown without a sound, since browsers count pushes that show nothing; and goes. */
const replaceAndClose = async (push: ReadPush): Promise<void> => {
  const { tag } = push.options;
  if (tag === undefined) return;
  await show({ ...push, options: { ...push.options, silent: true, requireInteraction: false } });
  await closeAt(tag);
};

const stopRing = async (push: ReadPush): Promise<void> => {
  const { callId = '' } = push.data;
  await rememberOver(callId);
  // That a call was missed may be told before its stop, and stays.
  if (!(await hasNote(note('missed', callId)))) await replaceAndClose(push);
};

const showMissed = async (push: ReadPush): Promise<void> => {
  await remember('over', push.data['callId']);
  await remember('missed', push.data['callId']);
  await show(push);
};

const SHOWN: ReadonlyMap<string, (push: ReadPush) => Promise<void>> = new Map([
  ['incoming_call', showRing],
  ['call_cancelled', stopRing],
  ['missed_call', showMissed],
  ['chat_read', replaceAndClose],
]);

/** Shows what a push says, or takes away what it ends. What is no push of ours shows nothing. */
export const showPush = async (text: string): Promise<void> => {
  const push = readPush(text);
  if (push !== null) await (SHOWN.get(push.data['type'] ?? '') ?? show)(push);
};
