import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { asDuration } from '../shell/clock.ts';
import { route } from '../shell/route.ts';
import { type TextKey, t, textOfWord } from '../text/language.ts';
import type { ListedCall, Page } from './answers.ts';
import { useAsking } from './asking.ts';
import { CallState } from './call-states.ts';
import { timeOf } from './format.ts';
import { KeyGate } from './key-gate.tsx';
import { PageHead, Problem } from './page-head.tsx';
import { read } from './server-api.ts';
import { TraceView } from './trace-view.tsx';
import { UserField } from './user-field.tsx';

const LIMIT = 30;

interface Search {
  readonly userId: string;
  readonly state: string;
  readonly cursor: string;
}

export const CallRow = ({ call }: { call: ListedCall }): JSX.Element => (
  <li>
    <a class="row" href={`#/calls/${encodeURIComponent(call.id)}`}>
      <span class="row-main">
        <strong>{`${call.callerName ?? call.callerId} → ${call.calleeId}`}</strong>
        <span class="quiet">{`${timeOf(call.createdAt)} · ${t(`type.${call.callType}`)}`}</span>
      </span>
      <span class="row-side">
        <span class={`state state-${call.status.toLowerCase()}`}>{t(`state.${call.status}`)}</span>
        <span class="quiet numbers">
          {call.durationSeconds === null ? textOfWord('why.', call.reason ?? '') : asDuration(call.durationSeconds)}
        </span>
      </span>
    </a>
  </li>
);

const Results = ({ search, goOn }: { search: Search; goOn(cursor: string): void }): JSX.Element => {
  const asking = useAsking(JSON.stringify(search), () => read<Page<ListedCall>>('/calls', { ...search, limit: LIMIT }));
  const page = asking.answer.value;
  return (
    <div aria-busy={asking.isAsking.value}>
      <Problem text={asking.problem.value} />
      {page?.items.length === 0 && <p class="quiet nothing">{t('calls.none')}</p>}
      <ul class="card rows">
        {page?.items.map((call) => (
          <CallRow key={call.id} call={call} />
        ))}
      </ul>
      {page !== null && page.nextCursor !== null && (
        <button type="button" class="button" onClick={() => goOn(page.nextCursor ?? '')}>
          {t('calls.older')}
        </button>
      )}
    </div>
  );
};

const submitted = (event: Event): Search => {
  event.preventDefault();
  const given = new FormData(event.currentTarget as HTMLFormElement);
  return { userId: String(given.get('userId') ?? '').trim(), state: String(given.get('state') ?? ''), cursor: '' };
};

const SearchCalls = (): JSX.Element => {
  const search = useSignal<Search>({ userId: '', state: '', cursor: '' });
  const find = (event: Event): void => {
    search.value = submitted(event);
  };
  return (
    <>
      <form class="card filters" onSubmit={find}>
        <UserField />
        <label class="field">
          <span>{t('calls.state')}</span>
          <select name="state">
            {['', 'live', 'over', ...CallState].map((state) => (
              <option key={state} value={state}>
                {t(`state.${state === '' ? 'any' : state}` as TextKey)}
              </option>
            ))}
          </select>
        </label>
        <button class="button primary" type="submit">
          {t('calls.find')}
        </button>
      </form>
      <Results
        search={search.value}
        goOn={(cursor) => {
          search.value = { ...search.value, cursor };
        }}
      />
    </>
  );
};

const OpenById = (): JSX.Element => {
  const open = (event: Event): void => {
    event.preventDefault();
    const callId = String(new FormData(event.currentTarget as HTMLFormElement).get('callId') ?? '').trim();
    if (callId !== '') location.hash = `#/calls/${encodeURIComponent(callId)}`;
  };
  return (
    <form class="by-id" onSubmit={open}>
      <input name="callId" aria-label={t('call.id')} placeholder={t('call.id')} autocomplete="off" spellcheck={false} maxLength={64} />
      <button class="button" type="submit">
        {t('calls.open')}
      </button>
    </form>
  );
};

export const CallsPage = (): JSX.Element => {
  const [, callId] = route.value;
  return (
    <>
      <PageHead title={t('nav.calls')} lead={t('calls.lead')}>
        <OpenById />
      </PageHead>
      <KeyGate>{callId === undefined ? <SearchCalls /> : <TraceView callId={callId} key={callId} />}</KeyGate>
    </>
  );
};
