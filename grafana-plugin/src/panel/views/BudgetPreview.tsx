/** What another budget would have meant: incidents by behaviour, and those that would appear or vanish. */
import { Alert, useStyles2, useTheme2 } from '@grafana/ui';
import React from 'react';
import type { BacktestReport, Incident } from '../../control/answers';
import { behaviorInWords } from '../../control/words';
import { EntityName, IncidentNumber } from '../badges';
import { numberOf, useControl } from '../control';
import * as format from '../format';
import { look } from '../look';
import { FeedbackBadge } from './IncidentList';

interface Props {
  readonly report: BacktestReport;
  readonly budget: number;
  readonly now: number;
  /** Budgets that the slider has. */
  readonly steps: readonly number[];
  readonly onUse: (budget: number) => void;
}

export function BudgetPreview({ report, budget, now, steps, onUse }: Props) {
  const { open, timeZone } = useControl();
  const styles = useStyles2(look);
  const { before, after, fromMs, toMs, vanishing, appearing, examplesVanishing, examplesAppearing } = report;
  const isLess = vanishing >= appearing;
  const examples = isLess ? examplesVanishing : examplesAppearing;
  const shown = examples.slice(0, 5);
  const known = shown.map((example) =>
    open.value?.find(({ entity, behavior }) => entity === example.entity && behavior === example.behavior),
  );
  const lost = known.filter((incident): incident is Incident => incident?.feedback === 'confirmed');
  const between = steps.find((step) => step > budget && step <= now);
  if (toMs === 0) {
    return (
      <p className={styles.secondary}>
        Nothing was kept yet to compare with. The most unusual windows are kept for 30 days.
      </p>
    );
  }
  return (
    <div className={styles.column}>
      <div className={styles.strong}>
        {format.measure(before.incidentsPerDay, '1')} incidents a day then, {format.measure(after.incidentsPerDay, '1')}{' '}
        with it
      </div>
      <Bars report={report} />
      <div className={styles.muted}>
        replay of {format.moment(fromMs, timeZone)} to {format.moment(toMs, timeZone)}
      </div>
      <div className={styles.strong}>
        {isLess
          ? `${vanishing === 0 ? 'None' : vanishing === 1 ? 'This one' : `These ${vanishing}`} would vanish`
          : `${appearing} would appear`}
      </div>
      {shown.map((example, index) => (
        <div key={`${example.entity} ${example.startMs}`} className={styles.row}>
          <IncidentNumber number={known[index] && numberOf(open.value, known[index].id)} />
          <span>{behaviorInWords(example.behavior)}</span>
          <EntityName kind={example.kind} entity={example.entity} />
          <span className={`${styles.muted} ${styles.push}`}>{format.moment(example.startMs, timeZone)}</span>
          {known[index] && <FeedbackBadge feedback={known[index].feedback} />}
        </div>
      ))}
      {examples.length > shown.length && (
        <span className={styles.muted}>and {(isLess ? vanishing : appearing) - shown.length} more</span>
      )}
      {isLess && lost.length > 0 && (
        <Alert
          severity="warning"
          title={lost.length === 1 ? 'One of them was marked real.' : `${lost.length} of them were marked real.`}
          topSpacing={0}
          bottomSpacing={0}
        >
          {between !== undefined && (
            <button
              type="button"
              className={styles.link}
              style={{ color: 'inherit', textDecoration: 'underline' }}
              onClick={() => onUse(between)}
            >
              Use {between}
            </button>
          )}
        </Alert>
      )}
    </div>
  );
}

/** Incidents by behaviour, then (outlined) and with the other budget (filled). */
function Bars({ report: { before, after } }: { readonly report: BacktestReport }) {
  const styles = useStyles2(look);
  const theme = useTheme2();
  const names = Object.keys(before.byBehavior).filter(
    (name) => (before.byBehavior[name] ?? 0) + (after.byBehavior[name] ?? 0) > 0,
  );
  const most = Math.max(1, ...names.flatMap((name) => [before.byBehavior[name] ?? 0, after.byBehavior[name] ?? 0]));
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <th>Behaviour</th>
          <th style={{ width: '35%' }}>
            <span className={styles.hidden}>Share</span>
          </th>
          <th style={{ textAlign: 'right' }}>Then</th>
          <th style={{ textAlign: 'right' }}>With it</th>
        </tr>
      </thead>
      <tbody>
        {names.map((name) => (
          <tr key={name}>
            <td className={styles.unbroken}>{behaviorInWords(name)}</td>
            <td>
              <svg aria-hidden="true" width="100%" height={14} viewBox="0 0 100 14" preserveAspectRatio="none">
                <rect
                  x={0.5}
                  y={1}
                  width={(99 * (before.byBehavior[name] ?? 0)) / most}
                  height={12}
                  fill="none"
                  stroke={theme.colors.text.secondary}
                  strokeDasharray="2 2"
                  vectorEffect="non-scaling-stroke"
                />
                <rect
                  x={0.5}
                  y={1}
                  width={(99 * (after.byBehavior[name] ?? 0)) / most}
                  height={12}
                  fill={theme.colors.primary.main}
                />
              </svg>
            </td>
            <td className={styles.right}>{before.byBehavior[name] ?? 0}</td>
            <td className={styles.right}>{after.byBehavior[name] ?? 0}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
