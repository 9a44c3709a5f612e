import type { JSX } from 'preact';
import type { MediaSession, MediaSource } from '../media/media-session.ts';
import { asDuration, clock } from '../shell/clock.ts';
import { Icon } from '../shell/icon.tsx';
import { t } from '../text/language.ts';
import { Avatar } from './avatar.tsx';
import type { CallOnScreen } from './call-on-screen.ts';
import type { Phone } from './phone.ts';

/** A stream is no attribute: it is given to the element. */
const play =
  (stream: MediaStream | null) =>
  (element: HTMLMediaElement | null): void => {
    if (element !== null && element.srcObject !== stream) element.srcObject = stream;
  };

const Pictures = ({ media }: { media: MediaSession }): JSX.Element => (
  <div class="pictures">
    <video class="remote" ref={play(media.remote.value)} autoplay playsInline muted aria-label={t('media.remote')} />
    <video class="local" ref={play(media.local.value)} autoplay playsInline muted aria-label={t('media.local')} />
  </div>
);

/** The other side's voice, whatever the phone shows. */
export const Voice = ({ phone, media }: { phone: Phone; media: MediaSession }): JSX.Element => (
  <audio ref={play(media.remote.value)} autoplay muted={phone.isSilent.value} />
);

const MediaState = ({ media }: { media: MediaSession }): JSX.Element => (
  <p class={`media-state media-${media.state.value}`} role="status">
    {t(`media.state.${media.state.value}`)}
    {media.rate.value !== null && <span class="numbers">{` · ${t('media.rate', { rate: media.rate.value })}`}</span>}
  </p>
);

const SOURCES: readonly MediaSource[] = ['test', 'camera'];

const SourceChoice = ({ phone, media }: { phone: Phone; media: MediaSession }): JSX.Element => (
  <label class="source">
    <span class="spoken">{t('media.source')}</span>
    <select value={media.source.value} onChange={(event) => phone.chooseMedia(event.currentTarget.value as MediaSource)}>
      {SOURCES.map((source) => (
        <option key={source} value={source}>
          {t(`media.${source}`)}
        </option>
      ))}
    </select>
  </label>
);

/** A call that was answered. */
export const TalkScreen = ({ phone, call }: { phone: Phone; call: CallOnScreen }): JSX.Element => {
  const { isSilent } = phone;
  const media = phone.media.value;
  const hasPicture = media?.withVideo === true;
  return (
    <div class={`call-screen talks${hasPicture ? ' with-picture' : ''}`}>
      {media !== null && hasPicture && <Pictures media={media} />}
      {!hasPicture && <Avatar name={call.peerName} isBig />}
      <p class="call-title">
        {t('call.talking', { name: call.peerName })}
        <span class="numbers quiet">{` ${asDuration((clock.value - (call.answeredAt ?? clock.value)) / 1000)}`}</span>
      </p>
      {media !== null && <MediaState media={media} />}
      {media === null && <p class="warning">{t('media.gone')}</p>}
      {media?.isRefused.value === true && <p class="warning">{t('media.refused')}</p>}
      {phone.isPeerAway.value && <p class="warning">{t('call.away', { name: call.peerName })}</p>}
      <div class="call-actions">
        <button
          type="button"
          class={`round${isSilent.value ? '' : ' is-on'}`}
          aria-pressed={!isSilent.value}
          onClick={() => {
            isSilent.value = !isSilent.value;
          }}
        >
          <Icon name={isSilent.value ? 'mute' : 'sound'} />
          <span>{t('media.sound')}</span>
        </button>
        <button type="button" class="round danger" onClick={() => void phone.end()}>
          <Icon name="hangUp" />
          <span>{t('call.end')}</span>
        </button>
      </div>
      {media !== null && <SourceChoice phone={phone} media={media} />}
    </div>
  );
};
