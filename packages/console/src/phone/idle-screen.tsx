import { useSignal } from '@preact/signals';
import type { CallType } from '@trunkline/contract';
import type { JSX } from 'preact';
import { Icon } from '../shell/icon.tsx';
import { t } from '../text/language.ts';
import type { Phone } from './phone.ts';

/** A phone that is on, and in no call: whom to call. */
export const IdleScreen = ({ phone }: { phone: Phone }): JSX.Element => {
  const { contacts } = phone.settings;
  const whom = useSignal(contacts[0] ?? '');
  const call = (callType: CallType): void => {
    if (whom.value.trim() !== '') void phone.place(whom.value.trim(), callType);
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    call('AUDIO');
  };
  return (
    <form class="idle-screen" onSubmit={submit}>
      <label class="field">
        <span>{t('call.whom')}</span>
        <input
          name="whom"
          value={whom.value}
          onInput={(event) => {
            whom.value = event.currentTarget.value;
          }}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          maxLength={128}
        />
      </label>
      {contacts.length > 1 && (
        <ul class="contacts">
          {contacts.map((contact) => (
            <li key={contact}>
              <button
                type="button"
                class="chip"
                aria-pressed={whom.value === contact}
                onClick={() => {
                  whom.value = contact;
                }}
              >
                {contact}
              </button>
            </li>
          ))}
        </ul>
      )}
      <div class="actions">
        <button class="button accept" type="submit">
          <Icon name="phone" />
          {t('call.audio')}
        </button>
        <button class="button" type="button" onClick={() => call('VIDEO')}>
          <Icon name="video" />
          {t('call.video')}
        </button>
      </div>
    </form>
  );
};
