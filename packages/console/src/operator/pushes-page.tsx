import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { t, textOfWord } from '../text/language.ts';
import type { PushRow } from './answers.ts';
import { useAsking } from './asking.ts';
import { timeOf } from './format.ts';
import { KeyGate } from './key-gate.tsx';
import { PageHead, Problem } from './page-head.tsx';
import { read } from './server-api.ts';
import { UserField } from './user-field.tsx';

interface Filter {
  readonly userId: string;
  readonly callId: string;
}

const Push = ({ push }: { push: PushRow }): JSX.Element => (
  <li class="push">
    <details>
      <summary class="row">
        <span class="row-main">
          <strong>{`${textOfWord('push.', push.type)} → ${push.userId}`}</strong>
          <span class="quiet">
            {timeOf(push.createdAt)}
            {` · ${push.provider ?? t('pushes.gone')}`}
            {push.deviceId !== null && ` · ${push.deviceId}`}
          </span>
        </span>
        <span class="row-side">
          <span class={`state state-${push.status}`}>{textOfWord('pushStatus.', push.status)}</span>
        </span>
      </summary>
      <div class="push-more">
        {push.error !== null && <p class="problem">{push.error}</p>}
        {push.callId !== null && (
          <p>
            <a href={`#/calls/${encodeURIComponent(push.callId)}`}>{t('call.trace')}</a>
          </p>
        )}
        <pre>
          {JSON.stringify({ content: push.content, attempts: push.attempts, providerId: push.providerId, doneAt: push.doneAt }, null, 2)}
        </pre>
      </div>
    </details>
  </li>
);

const List = (): JSX.Element => {
  const filter = useSignal<Filter>({ userId: '', callId: '' });
  const asking = useAsking(JSON.stringify(filter.value), () => read<{ items: readonly PushRow[] }>('/pushes', { ...filter.value }));
  const find = (event: Event): void => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    filter.value = { userId: String(given.get('userId') ?? '').trim(), callId: String(given.get('callId') ?? '').trim() };
    asking.again();
  };
  const items = asking.answer.value?.items;
  return (
    <>
      <form class="card filters" onSubmit={find}>
        <UserField />
        <label class="field">
          <span>{t('call.id')}</span>
          <input name="callId" autocomplete="off" spellcheck={false} maxLength={64} />
        </label>
        <button class="button primary" type="submit">
          {t('pushes.find')}
        </button>
      </form>
      <Problem text={asking.problem.value} />
      {items?.length === 0 && <p class="quiet nothing">{t('pushes.none')}</p>}
      <ul class="card rows" aria-busy={asking.isAsking.value}>
        {items?.map((push) => (
          <Push key={push.id} push={push} />
        ))}
      </ul>
    </>
  );
};

export const PushesPage = (): JSX.Element => (
  <>
    <PageHead title={t('nav.pushes')} lead={t('pushes.lead')} />
    <KeyGate>
      <List />
    </KeyGate>
  </>
);
