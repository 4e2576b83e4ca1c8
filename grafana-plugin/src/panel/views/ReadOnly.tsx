/** Without a control data source: what the panel's own queries say. */
import type { DataFrame, TimeRange } from '@grafana/data';
import { Alert, Badge, EmptyState, useStyles2 } from '@grafana/ui';
import React from 'react';
import { behaviorInWords } from '../../control/words';
import { testIds } from '../../testIds';
import * as format from '../format';
import { look } from '../look';
import { namedValues, scorePoints, thresholdOf } from '../scores';
import { ScoreTimeline } from '../ScoreTimeline';
import { Sparkline } from '../Sparkline';

const TOP = 5;

interface Props {
  readonly series: readonly DataFrame[];
  readonly timeRange: TimeRange;
  readonly timeZone: string;
  readonly width: number;
  readonly onZoom: (fromMs: number, toMs: number) => void;
  /** What the queries could not answer. */
  readonly error?: string | undefined;
  /** False where a control data source was chosen and is only out of reach. */
  readonly isByChoice?: boolean;
}

export function ReadOnly({ series, timeRange, timeZone, width, onZoom, error, isByChoice = true }: Props) {
  const styles = useStyles2(look);
  const points = scorePoints(series);
  const incidents = new Map<string, number>();
  for (const { name, labels, last } of namedValues(series, 'incidents')) {
    const behavior = labels['behavior'] ?? name;
    incidents.set(behavior, (incidents.get(behavior) ?? 0) + last);
  }
  const counted = [...incidents].filter(([, count]) => count > 0).sort(([, one], [, other]) => other - one);
  const open = counted.reduce((total, [, count]) => total + count, 0);
  const isNarrow = width < 600;
  return (
    <div className={`${styles.column} ${styles.whole}`} data-testid={testIds.panel.readOnly}>
      {isByChoice && (
        <div>
          <Alert severity="info" title="Read-only from Prometheus" topSpacing={0} bottomSpacing={0}>
            Choose an API anomaly data source in the panel’s options to see incidents, give feedback and train.
          </Alert>
        </div>
      )}
      {error !== undefined && (
        <div>
          <Alert severity="error" title="The query failed" topSpacing={0} bottomSpacing={0}>
            {error}
          </Alert>
        </div>
      )}
      {points.length === 0 && error === undefined && isByChoice && (
        <EmptyState variant="not-found" hideImage message="No scores in this range">
          Add the query <code>max(api_anomaly_endpoint_score)</code> to the panel, and{' '}
          <code>min(api_anomaly_threshold)</code> with the refId “threshold”.
        </EmptyState>
      )}
      {points.length > 0 && (
        <section className={styles.card} aria-label="Highest score">
          <div className={styles.head}>
            <h3>Highest score per minute</h3>
            <span className={styles.muted}>from Prometheus</span>
          </div>
          <ScoreTimeline
            points={points}
            threshold={thresholdOf(series)}
            incidents={[]}
            fromMs={timeRange.from.valueOf()}
            toMs={timeRange.to.valueOf()}
            timeZone={timeZone}
            width={width - 20}
            onZoom={onZoom}
          />
        </section>
      )}
      {counted.length > 0 && (
        <div>
          <div className={styles.muted}>Open incidents by behaviour, {format.count(open)} open</div>
          <div className={styles.wrap}>
            {counted.map(([behavior, count]) => (
              <Badge key={behavior} color="darkgrey" text={`${behaviorInWords(behavior)} ${count}`} />
            ))}
          </div>
        </div>
      )}
      <div className={styles.columns} style={{ gridTemplateColumns: isNarrow ? undefined : '1fr 1fr' }}>
        <Top title="Top users" values={namedValues(series, 'users')} label="user" />
        <Top title="Top endpoints" values={namedValues(series, 'endpoints')} label="endpoint" />
      </div>
    </div>
  );
}

function Top({
  title,
  values,
  label,
}: {
  readonly title: string;
  readonly values: ReturnType<typeof namedValues>;
  readonly label: string;
}) {
  const styles = useStyles2(look);
  if (values.length === 0) {
    return null;
  }
  return (
    <section className={styles.card} aria-label={title}>
      <div className={styles.head}>
        <h3>{title}</h3>
        <span className={styles.muted}>now</span>
      </div>
      {values.slice(0, TOP).map(({ name, labels, last, values: line }) => (
        <div key={name} className={styles.row} style={{ height: 27, padding: '0 12px' }}>
          <span className={`${styles.mono} ${styles.cut} ${styles.grow}`} title={labels[label] ?? name}>
            {format.shortName(labels[label] ?? name)}
          </span>
          <Sparkline values={line} width={96} top={1} />
          <span>{format.score(last)}</span>
        </div>
      ))}
    </section>
  );
}
