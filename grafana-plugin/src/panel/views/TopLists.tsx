/** Who and what stands out now, a few of each. */
import { useStyles2, useTheme2 } from '@grafana/ui';
import React from 'react';
import { behaviorInWords } from '../../control/words';
import { testIds } from '../../testIds';
import { IncidentNumber } from '../badges';
import { numberOf, useControl } from '../control';
import * as format from '../format';
import { look, marks } from '../look';
import { Sparkline } from '../Sparkline';
import { CardProblem } from '../states';
import { useLoaded } from '../useLoaded';

const TOP = 5;
const EVERY_MS = 30_000;

export function TopUsers() {
  const { client, goTo, open } = useControl();
  const styles = useStyles2(look);
  const users = useLoaded('users top', (signal) => client.users({ sort: 'score', limit: TOP }, signal), {
    everyMs: EVERY_MS,
  });
  return (
    <TopList
      title="Top users"
      about="now; active hours"
      testId={testIds.panel.topUsers}
      loaded={users}
      onAll={() => goTo({ tab: 'users' })}
    >
      {users.value?.items.map(({ user, score, behavior, series }) => (
        <TopRow
          key={user}
          name={<span className={styles.mono}>{format.shortName(user)}</span>}
          title={`${user}${behavior === null ? '' : `, ${behaviorInWords(behavior)}`}`}
          number={numberOf(open.value, open.value?.find(({ entity }) => entity === user)?.id ?? '')}
          series={series}
          score={score}
          onOpen={() => goTo({ tab: 'users', user })}
        />
      ))}
    </TopList>
  );
}

export function TopEndpoints() {
  const { client, goTo, open } = useControl();
  const styles = useStyles2(look);
  const endpoints = useLoaded('endpoints top', (signal) => client.endpoints({ sort: 'score', limit: TOP }, signal), {
    everyMs: EVERY_MS,
  });
  return (
    <TopList
      title="Top endpoints"
      about="now"
      testId={testIds.panel.topEndpoints}
      loaded={endpoints}
      onAll={() => goTo({ tab: 'endpoints' })}
    >
      {endpoints.value?.items.map(({ service, endpoint, score, series }) => (
        <TopRow
          key={`${service} ${endpoint}`}
          name={<span className={styles.mono}>{endpoint}</span>}
          title={`${service} ${endpoint}`}
          number={numberOf(
            open.value,
            open.value?.find((incident) => incident.service === service && incident.endpoint === endpoint)?.id ?? '',
          )}
          series={series}
          seriesTop={1}
          score={score}
          onOpen={() => goTo({ tab: 'endpoints', search: endpoint })}
        />
      ))}
    </TopList>
  );
}

interface TopListProps {
  readonly title: string;
  readonly about: string;
  readonly testId: string;
  readonly loaded: {
    readonly problem: Parameters<typeof CardProblem>[0]['problem'] | undefined;
    readonly reload: () => void;
  };
  readonly onAll: () => void;
}

function TopList({ title, about, testId, loaded, onAll, children }: React.PropsWithChildren<TopListProps>) {
  const styles = useStyles2(look);
  return (
    <section className={styles.card} data-testid={testId} aria-label={title} style={{ minHeight: 'auto' }}>
      <div className={styles.head}>
        <h3>{title}</h3>
        <span className={styles.muted}>{about}</span>
        <button type="button" className={`${styles.link} ${styles.small} ${styles.push}`} onClick={onAll}>
          All
        </button>
      </div>
      {loaded.problem === undefined ? (
        <div style={{ paddingBottom: 6 }}>{children}</div>
      ) : (
        <CardProblem problem={loaded.problem} onRetry={loaded.reload} />
      )}
    </section>
  );
}

interface TopRowProps {
  readonly name: React.ReactNode;
  readonly title: string;
  readonly number: number | undefined;
  readonly series: readonly number[];
  readonly seriesTop?: number;
  readonly score: number;
  readonly onOpen: () => void;
}

function TopRow({ name, title, number, series, seriesTop, score, onOpen }: TopRowProps) {
  const { width } = useControl();
  const styles = useStyles2(look);
  const theme = useTheme2();
  return (
    <div className={styles.row} style={{ height: 27, padding: '0 12px' }}>
      <button
        type="button"
        className={`${styles.link} ${styles.cut} ${styles.grow}`}
        style={{ color: 'inherit', height: 27 }}
        title={title}
        onClick={onOpen}
      >
        {name}
      </button>
      <IncidentNumber number={number} />
      {width >= 480 && (
        <Sparkline
          values={series}
          width={96}
          color={marks(theme).flagged}
          top={seriesTop}
          threshold={seriesTop === undefined ? undefined : 0.67}
        />
      )}
      <span className={styles.right} style={{ width: 36 }}>
        {format.score(score)}
      </span>
    </div>
  );
}
