import type { JSX } from 'preact';
import { devDoor, gatewayUrls } from '../shell/dev-door.ts';
import { Icon } from '../shell/icon.tsx';
import { t } from '../text/language.ts';
import { DIALECT_NAMES, DIALECTS, type DialectName, type PhoneSettings } from './phone-settings.ts';

interface FieldProps {
  label: string;
  name: string;
  value: string;
}

const Field = ({ label, name, value }: FieldProps): JSX.Element => (
  <label class="field">
    <span>{label}</span>
    <input name={name} defaultValue={value} autocomplete="off" autocapitalize="none" spellcheck={false} maxLength={128} required />
  </label>
);

interface OffScreenProps {
  settings: PhoneSettings;
  /** `token`: null where the server mints one. */
  turnOn(settings: PhoneSettings, token: string | null): void;
}

const settingsIn = (form: HTMLFormElement, settings: PhoneSettings): PhoneSettings => {
  const given = new FormData(form);
  const text = (name: string): string => String(given.get(name) ?? '').trim();
  return {
    ...settings,
    userId: text('user'),
    name: text('name'),
    deviceId: text('device'),
    dialect: text('dialect') as DialectName,
    gateway: Number(text('gateway')),
    isOn: true,
  };
};

/** A phone that is off: who it will be. */
export const OffScreen = ({ settings, turnOn }: OffScreenProps): JSX.Element => {
  const mintsTokens = Boolean(devDoor.value);
  const submit = (event: Event): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    turnOn(settingsIn(form, settings), mintsTokens ? null : String(new FormData(form).get('token')).trim());
  };
  return (
    <form class="off-screen" onSubmit={submit}>
      <h1>{t('phone.off')}</h1>
      <Field label={t('phone.user')} name="user" value={settings.userId} />
      <Field label={t('phone.name')} name="name" value={settings.name} />
      <Field label={t('phone.device')} name="device" value={settings.deviceId} />
      <label class="field">
        <span>{t('phone.dialect')}</span>
        <select name="dialect">
          {DIALECTS.map((dialect) => (
            <option key={dialect} value={dialect} selected={dialect === settings.dialect}>
              {DIALECT_NAMES[dialect]}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{t('phone.gateway')}</span>
        <select name="gateway">
          {gatewayUrls.value.map((url, index) => (
            <option key={url} value={index} selected={index === settings.gateway}>
              {`${index + 1} · ${new URL(url).host}`}
            </option>
          ))}
        </select>
      </label>
      {!mintsTokens && (
        <label class="field">
          <span>{t('phone.token')}</span>
          <input name="token" type="password" autocomplete="off" spellcheck={false} required />
          <small class="quiet">{t('phone.tokenHint')}</small>
        </label>
      )}
      <button class="button primary" type="submit">
        <Icon name="power" />
        {t('phone.turnOn')}
      </button>
    </form>
  );
};
