import type { JSX } from 'preact';
import { t } from '../text/language.ts';
import type { LoggedEntry, Phone } from './phone.ts';

const SIGNS = { in: '↓', out: '↑', note: '·' } as const;

const timeOf = (at: number): string => new Date(at).toTimeString().slice(0, 8);

const Entry = ({ entry }: { entry: LoggedEntry }): JSX.Element => (
  <li class={`log-entry log-${entry.direction}`}>
    <span class="log-time numbers">{timeOf(entry.at)}</span>
    <span class="log-sign" aria-hidden="true">
      {SIGNS[entry.direction]}
    </span>
    <details>
      <summary>{entry.word}</summary>
      <pre>{JSON.stringify(entry.body, null, 1)}</pre>
    </details>
  </li>
);

/** What went over the wire, the newest first. */
export const LogPanel = ({ phone }: { phone: Phone }): JSX.Element => {
  const entries = phone.log.value.toReversed();
  return (
    <section class="log-panel" aria-label={t('log.label')}>
      {entries.length === 0 && <p class="quiet">{t('log.empty')}</p>}
      <ol class="log">
        {entries.map((entry) => (
          <Entry key={entry.id} entry={entry} />
        ))}
      </ol>
    </section>
  );
};
