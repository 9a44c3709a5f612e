import type { JSX } from 'preact';
import { t } from '../text/language.ts';

/** Where an operator names a user: ids are taken as they are typed. */
export const UserField = ({ userId = '' }: { userId?: string }): JSX.Element => (
  <label class="field">
    <span>{t('phone.user')}</span>
    <input name="userId" defaultValue={userId} autocomplete="off" autocapitalize="none" spellcheck={false} maxLength={128} />
  </label>
);
