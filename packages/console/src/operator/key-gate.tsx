import type { ComponentChildren } from 'preact';
import { t } from '../text/language.ts';
import { Problem } from './page-head.tsx';
import { enterKey, isKeyRefused, serverKey } from './server-api.ts';

const submit = (event: Event): void => {
  event.preventDefault();
  const key = String(new FormData(event.currentTarget as HTMLFormElement).get('key') ?? '').trim();
  if (key !== '') enterKey(key);
};

/** What needs a server key, once there is one. */
export const KeyGate = ({ children }: { children: ComponentChildren }): ComponentChildren =>
  serverKey() === null ? (
    <form class="card gate" onSubmit={submit}>
      <h2>{t('key.title')}</h2>
      <p class="quiet">{t('key.lead')}</p>
      <label class="field">
        <span>{t('key.label')}</span>
        <input name="key" type="password" autocomplete="off" required />
      </label>
      <Problem text={isKeyRefused.value ? t('key.refused') : null} />
      <button class="button primary" type="submit">
        {t('key.enter')}
      </button>
    </form>
  ) : (
    children
  );
