import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { type DialectName, hashOf } from '../phone/phone-settings.ts';
import { devDoor } from '../shell/dev-door.ts';
import { Icon } from '../shell/icon.tsx';
import { t } from '../text/language.ts';

interface Slot {
  readonly userId: string;
  readonly device: string;
  readonly dialect: DialectName;
  readonly gateway: number;
}

/** The fourth is another device of the second's user: both ring. */
const SLOTS: readonly Slot[] = [
  { userId: 'alice', device: 'phone', dialect: 'onlycare', gateway: 0 },
  { userId: 'bob', device: 'phone', dialect: 'chattrix', gateway: 1 },
  { userId: 'carol', device: 'phone', dialect: 'otomo', gateway: 0 },
  { userId: 'bob', device: 'tablet', dialect: 'onlycare', gateway: 1 },
];

const USERS = [...new Set(SLOTS.map(({ userId }) => userId))];
const COUNTS = [2, 3, 4] as const;

const count = signal<number>(COUNTS[0]);

const addressOf = ({ userId, device, dialect, gateway }: Slot): string => {
  const name = userId.charAt(0).toUpperCase() + userId.slice(1);
  const contacts = USERS.filter((user) => user !== userId);
  const isOn = Boolean(devDoor.value);
  return `/console/phone.html${hashOf({ userId, name, deviceId: `${userId}-${device}`, dialect, gateway, isOn, contacts, ringSeconds: null })}`;
};

/** Each in a frame of its own: a phone that is killed or offline takes no other along. */
const Framed = ({ slot, number }: { slot: Slot; number: number }): JSX.Element => (
  <section class="framed">
    <iframe title={t('playground.frame', { number })} src={addressOf(slot)} allow="camera; microphone; autoplay" />
    <a class="alone" href={addressOf(slot)} target="_blank" rel="noreferrer">
      <Icon name="open" />
      {t('playground.alone')}
    </a>
  </section>
);

export const Playground = (): JSX.Element => (
  <>
    <div class="page-head">
      <div>
        <h1>{t('playground.title')}</h1>
        <p class="lead">{t('playground.lead')}</p>
      </div>
      <fieldset class="segments">
        <legend>{t('playground.count')}</legend>
        {COUNTS.map((number) => (
          <button
            key={number}
            type="button"
            aria-pressed={count.value === number}
            onClick={() => {
              count.value = number;
            }}
          >
            {number}
          </button>
        ))}
      </fieldset>
    </div>
    <div class="phones">
      {SLOTS.slice(0, count.value).map((slot, index) => (
        <Framed key={`${slot.userId}-${slot.device}`} slot={slot} number={index + 1} />
      ))}
    </div>
  </>
);
