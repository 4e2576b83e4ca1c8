/** All incidents of the range with filters, or one of them. */
import { Combobox, LoadingBar, RadioButtonGroup, useStyles2 } from '@grafana/ui';
import React, { useState } from 'react';
import { allPages } from '../../control/all-pages';
import { BEHAVIOR_NAMES, behaviorInWords, SEVERITIES, sentenceCase } from '../../control/words';
import { useControl } from '../control';
import { look } from '../look';
import { CardProblem } from '../states';
import { useLoaded } from '../useLoaded';
import { IncidentPage } from './IncidentPage';
import { IncidentList } from './IncidentList';

/** Most that are listed; the processor keeps more. */
const MOST = 10_000;
const EVERY_MS = 30_000;

const STATES = [
  { value: 'all', label: 'All' },
  { value: 'open', label: 'Open' },
  { value: 'closed', label: 'Closed' },
];
const BEHAVIORS = BEHAVIOR_NAMES.map((value) => ({ value, label: behaviorInWords(value) }));
const SEVERITY_OPTIONS = SEVERITIES.map((value) => ({ value: String(value), label: sentenceCase(value) }));

export function Incidents({ incident }: { readonly incident: string | undefined }) {
  const { client, timeRange, width } = useControl();
  const styles = useStyles2(look);
  const [state, setState] = useState('all');
  const [behavior, setBehavior] = useState<string>();
  const [severity, setSeverity] = useState<string>();
  const range = { from: timeRange.from.toISOString(), to: timeRange.to.toISOString() };
  const filter = { ...range, behavior, severity, ...(state !== 'all' && { open: state === 'open' }) };
  const listed = useLoaded(
    `incidents ${JSON.stringify(filter)}`,
    (signal) => allPages(MOST, (page) => client.incidents({ ...filter, sort: 'score', ...page }, signal)),
    { everyMs: EVERY_MS, keep: true },
  );
  const rows = listed.value?.rows ?? [];
  if (incident !== undefined) {
    return <IncidentPage key={incident} id={incident} neighbours={rows} />;
  }
  return (
    <>
      {listed.isLoading && (
        <div style={{ position: 'absolute', top: 0, left: 0, right: 0 }}>
          <LoadingBar width={width} />
        </div>
      )}
      <div className={styles.wrap}>
        <RadioButtonGroup aria-label="State" options={STATES} value={state} onChange={setState} />
        <Combobox
          aria-label="Behaviour"
          width={26}
          isClearable
          placeholder="Any behaviour"
          options={BEHAVIORS}
          value={behavior ?? null}
          onChange={(chosen) => setBehavior(chosen?.value)}
        />
        <Combobox
          aria-label="Severity"
          width={20}
          isClearable
          placeholder="Any severity"
          options={SEVERITY_OPTIONS}
          value={severity ?? null}
          onChange={(chosen) => setSeverity(chosen?.value)}
        />
        <span className={`${styles.muted} ${styles.push}`} role="status">
          {listed.value !== undefined &&
            `${rows.length}${listed.value.isCut ? '+' : ''} incidents, the most unusual first`}
        </span>
      </div>
      <section className={`${styles.card} ${styles.grow}`} aria-label="Incidents">
        {listed.problem !== undefined && <CardProblem problem={listed.problem} onRetry={listed.reload} />}
        {listed.value !== undefined && rows.length === 0 && (
          <p className={`${styles.pad} ${styles.secondary}`}>
            No incident in this range. Widen the time range or take filters away.
          </p>
        )}
        {rows.length > 0 && <IncidentList incidents={rows} />}
      </section>
    </>
  );
}
