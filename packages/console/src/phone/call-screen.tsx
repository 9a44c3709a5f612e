import type { JSX } from 'preact';
import { asDuration, clock } from '../shell/clock.ts';
import { Icon, type IconName } from '../shell/icon.tsx';
import { type TextKey, t, textOfWord } from '../text/language.ts';
import { Avatar } from './avatar.tsx';
import { type CallOnScreen, isTalking } from './call-on-screen.ts';
import type { Phone } from './phone.ts';
import { TalkScreen } from './talk-screen.tsx';

interface ScreenProps {
  phone: Phone;
  call: CallOnScreen;
}

interface ActionProps {
  icon: IconName;
  label: string;
  kind?: 'accept' | 'danger' | 'plain';
  act(): void;
}

const Action = ({ icon, label, kind = 'plain', act }: ActionProps): JSX.Element => (
  <button type="button" class={`round ${kind}`} onClick={act}>
    <Icon name={icon} />
    <span>{label}</span>
  </button>
);

const TimeLeft = ({ ringsUntil }: { ringsUntil: number | null }): JSX.Element | null =>
  ringsUntil === null ? null : (
    <p class="quiet numbers" aria-hidden="true">
      {t('call.left', { seconds: Math.max(0, Math.ceil((ringsUntil - Math.max(clock.value, performance.now())) / 1000)) })}
    </p>
  );

const IncomingScreen = ({ phone, call }: ScreenProps): JSX.Element => (
  <div class="call-screen rings">
    <Avatar name={call.peerName} isBig />
    <p class="call-title">{t(`call.incoming.${call.callType}`, { name: call.peerName })}</p>
    <TimeLeft ringsUntil={call.ringsUntil} />
    <div class="call-actions">
      <Action icon="hangUp" label={t('call.reject')} kind="danger" act={() => void phone.reject()} />
      <Action icon={call.callType === 'VIDEO' ? 'video' : 'phone'} label={t('call.accept')} kind="accept" act={() => void phone.accept()} />
    </div>
  </div>
);

const WAITING_TEXT = { placing: 'call.calling', ringing: 'call.ringing', answering: 'call.answering' } as const;

const WaitingScreen = ({ phone, call }: ScreenProps): JSX.Element => {
  const stage = call.stage as keyof typeof WAITING_TEXT;
  return (
    <div class={`call-screen ${stage === 'ringing' ? 'calls' : ''}`}>
      <Avatar name={call.peerName} isBig />
      <p class="call-title">{t(WAITING_TEXT[stage], { name: call.peerName })}</p>
      <div class="call-actions">
        <Action icon="hangUp" label={t('call.cancel')} kind="danger" act={() => void phone.cancel()} />
      </div>
    </div>
  );
};

/** Reasons that say by themselves how it ended here. */
const TITLES: ReadonlyMap<string, TextKey> = new Map([
  ['answered_elsewhere', 'over.answered_elsewhere'],
  ['declined_elsewhere', 'over.declined_elsewhere'],
  ['busy', 'over.busy'],
  ['User busy', 'over.busy'],
  ['User offline', 'over.offline'],
  ['offline', 'over.offline'],
  ['unavailable', 'over.offline'],
  ['no_response', 'over.timeout'],
  ['No answer', 'over.timeout'],
]);

const wasMissed = ({ direction, answeredAt, ending }: CallOnScreen): boolean =>
  direction === 'incoming' &&
  answeredAt === null &&
  (ending?.how === 'timeout' || (ending?.how === 'cancelled' && !ending.reason.endsWith('_elsewhere')));

/** What is said of a call that is over. */
export const endingText = (call: CallOnScreen): string => {
  const { ending } = call;
  if (ending === null) return '';
  if (wasMissed(call)) return t('over.missed');
  return t(TITLES.get(ending.reason) ?? `over.${ending.how}`);
};

/** What more there is to say than the title does. */
const reasonOf = (call: CallOnScreen): string => {
  const reason = call.ending?.reason ?? '';
  return TITLES.has(reason) || USUAL.has(reason) ? '' : reason;
};

const USUAL: ReadonlySet<string> = new Set(['Call ended', 'Caller cancelled', 'cancelled', 'User declined', 'declined', 'manual_reject']);

const OverScreen = ({ phone, call }: ScreenProps): JSX.Element => {
  const { ending } = call;
  const reason = reasonOf(call);
  const lasted = call.answeredAt === null ? null : (ending?.durationSeconds ?? 0);
  return (
    <div class="call-screen is-over">
      <Avatar name={call.peerName} isBig />
      <p class="call-title">{endingText(call)}</p>
      <p class="quiet">
        {call.peerName}
        {lasted !== null && ` · ${t('over.duration', { duration: asDuration(lasted) })}`}
      </p>
      {reason !== '' && <p class="reason">{textOfWord('reason.', reason)}</p>}
      <div class="actions">
        <button type="button" class="button primary" onClick={() => phone.dismiss()}>
          {t('call.dismiss')}
        </button>
        {(call.isPlaced || ending?.how !== 'failed') && (
          <a class="button" href={`/console/#/calls/${encodeURIComponent(call.id)}`} target="_blank" rel="noreferrer">
            {t('call.trace')}
          </a>
        )}
      </div>
    </div>
  );
};

/** The call of a phone, whatever its stage. */
export const CallScreen = (props: ScreenProps): JSX.Element => {
  const { call } = props;
  if (call.stage === 'incoming') return <IncomingScreen {...props} />;
  if (call.stage === 'over') return <OverScreen {...props} />;
  return isTalking(call) ? <TalkScreen {...props} /> : <WaitingScreen {...props} />;
};
