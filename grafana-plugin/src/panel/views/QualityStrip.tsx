/** Data quality: how much comes, how much of it says who and where, whether it has changed, and the model that judges it. */
import { useStyles2 } from '@grafana/ui';
import React from 'react';
import type { Status } from '../../control/answers';
import { testIds } from '../../testIds';
import { useControl } from '../control';
import { Fact, Warning } from '../Fact';
import * as format from '../format';
import { look } from '../look';

/** Drift (PSI) from which a shift is spoken of. */
export const MUCH_DRIFT = 0.2;

export function QualityStrip({ status }: { readonly status: Status }) {
  const { width, timeZone } = useControl();
  const styles = useStyles2(look);
  const { throughput, coverage, drift, model, limits } = status;
  const hits = limits.filter((limit) => limit.hits > 0);
  const user = coverage.user ?? 1;
  const columns = width >= 900 ? 5 : width >= 600 ? 3 : 2;
  const [pace, unit] =
    throughput.spans_per_second < 1 ? [60 * throughput.spans_per_second, '/min'] : [throughput.spans_per_second, '/s'];
  return (
    <section
      className={styles.strip}
      style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}
      data-testid={testIds.panel.strip}
      aria-label="Data quality"
    >
      <Fact label="Spans" value={`${format.measure(pace, '1')}${unit}`}>
        {hits.length === 0 ? (
          `${format.short(throughput.spans)} in all`
        ) : (
          <Warning title={hits.map(({ option, hits: times }) => `${option}: ${times} times`).join(', ')}>
            a limit was hit
          </Warning>
        )}
      </Fact>
      <Fact label="With a user" value={format.percent(coverage.user)}>
        {user >= 0.8 ? (
          'rest by address'
        ) : (
          <Warning>{columns === 5 ? `low, ${format.percent(1 - user)} by address` : 'low'}</Warning>
        )}
      </Fact>
      <Fact label="With a route" value={format.percent(coverage.route)}>
        rest from the path
      </Fact>
      <Fact label="Drift" value={drift === null ? '–' : format.score(drift)}>
        {drift === null ? (
          'not known yet'
        ) : drift < MUCH_DRIFT ? (
          `steady, limit ${format.score(MUCH_DRIFT)}`
        ) : (
          <Warning>traffic has changed, train</Warning>
        )}
      </Fact>
      <Fact label="Model" value={model?.version ?? 'learning'} columns={columns === 5 ? 1 : 2}>
        {model?.trained && `trained ${format.moment(Date.parse(model.trained), timeZone)}`}
      </Fact>
    </section>
  );
}
