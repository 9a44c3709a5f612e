import type { JSX } from 'preact';
import { t, textOfWord } from '../text/language.ts';
import type { CallTrace, TraceStep } from './answers.ts';
import { useAsking } from './asking.ts';
import { spanOf, timeOf } from './format.ts';
import { Problem } from './page-head.tsx';
import { inPath, read } from './server-api.ts';
import { type Drawn, drawTrace, type Lane } from './trace-lanes.ts';

const FINE: ReadonlySet<string> = new Set(['answered', 'declined', 'busy', 'cancelled', 'ringing', 'shown_not_answered', 'blocked']);

const laneName = ({ side, userId, device }: Lane): string =>
  side === 'system' ? t('trace.system') : `${userId}${device === null ? '' : ` · ${device}`}`;

const Legend = ({ lanes }: { lanes: readonly Lane[] }): JSX.Element => (
  <ol class="legend">
    {lanes.map((lane, index) => (
      <li key={lane.key}>
        <span class={`dot lane-${index % 6}`} aria-hidden="true" />
        <span class="quiet">{t(`trace.${lane.side}`)}</span> {lane.side !== 'system' && laneName(lane)}
      </li>
    ))}
  </ol>
);

const detailOf = (detail: TraceStep['detail']): string =>
  detail === null
    ? ''
    : Object.entries(detail)
        .map(([name, value]) => `${name}: ${String(value)}`)
        .join(' · ');

const Step = ({ drawn, lanes }: { drawn: Drawn; lanes: readonly Lane[] }): JSX.Element => {
  const { step, lane, pauseMs } = drawn;
  const own = lanes[lane];
  return (
    <>
      {pauseMs !== null && (
        <li class="pause" aria-hidden="true">
          <span />
          <span class="lanes">
            {lanes.map(({ key }) => (
              <span key={key} class="lane" />
            ))}
          </span>
          <span class="quiet">{`… ${spanOf(pauseMs)} …`}</span>
        </li>
      )}
      <li class="step">
        <span class="since numbers">{`+${spanOf(step.sinceMs)}`}</span>
        <span class="lanes" aria-hidden="true">
          {lanes.map(({ key }, index) => (
            <span key={key} class="lane">
              {index === lane && <span class={`dot lane-${index % 6}`} />}
            </span>
          ))}
        </span>
        <span class="what">
          <span>{textOfWord('step.', step.kind)}</span>
          {own !== undefined && <span class="spoken">{` (${laneName(own)})`}</span>}
          <code>{step.kind}</code>
          {step.detail !== null && <span class="quiet detail">{detailOf(step.detail)}</span>}
        </span>
      </li>
    </>
  );
};

/** In the server's own words where ours know no such verdict. */
const saysOf = ({ verdict, says }: CallTrace): string => {
  const known = textOfWord('says.', verdict);
  return known === verdict ? says : known;
};

const Verdict = ({ trace }: { trace: CallTrace }): JSX.Element => (
  <div class="verdict">
    <span class={`state ${FINE.has(trace.verdict) ? 'state-fine' : 'state-missed'}`}>{textOfWord('verdict.', trace.verdict)}</span>
    <code>{trace.verdict}</code>
    <p>{saysOf(trace)}</p>
  </div>
);

/** Why a call went as it went, as a line of time for each device. */
export const TraceView = ({ callId }: { callId: string }): JSX.Element => {
  const asking = useAsking(callId, () => read<CallTrace>(`/calls/${inPath(callId)}/trace`));
  const trace = asking.answer.value;
  if (trace === null) return <Problem text={asking.problem.value} />;
  const { lanes, drawn } = drawTrace(trace);
  return (
    <article class="card trace">
      <header class="trace-head">
        <div>
          <h2>{`${trace.callerId} → ${trace.calleeId}`}</h2>
          <p class="quiet">
            {timeOf(trace.placedAt)} · {t(`state.${trace.state}`)}
          </p>
          <p class="id quiet">{trace.callId}</p>
        </div>
        <div class="actions">
          <button type="button" class="button" onClick={asking.again}>
            {t('trace.again')}
          </button>
          <a class="button" href="#/calls">
            {t('trace.all')}
          </a>
        </div>
      </header>
      <Verdict trace={trace} />
      <Legend lanes={lanes} />
      <ol class="steps" aria-label={t('trace.label')}>
        {drawn.map((one, index) => (
          <Step key={index} drawn={one} lanes={lanes} />
        ))}
      </ol>
    </article>
  );
};
