/** How it is going: data quality, the highest scores over time, incidents, and who stands out. */
import type { DataFrame } from '@grafana/data';
import { Icon, LoadingBar, useStyles2, useTheme2 } from '@grafana/ui';
import React from 'react';
import type { Status } from '../../control/answers';
import { behaviorInWords } from '../../control/words';
import { testIds } from '../../testIds';
import { IncidentNumber } from '../badges';
import { numberOf, useControl } from '../control';
import * as format from '../format';
import { look, marks } from '../look';
import { incidentPoints, scorePoints, thresholdOf } from '../scores';
import { ScoreTimeline } from '../ScoreTimeline';
import { Sparkline } from '../Sparkline';
import { CardProblem } from '../states';
import { useLoaded } from '../useLoaded';
import { IncidentList } from './IncidentList';

/** Drift (PSI) from which a shift is spoken of. */
const MUCH_DRIFT = 0.2;
const TOP = 5;
const EVERY_MS = 30_000;

export function Overview({ series }: { readonly series: readonly DataFrame[] }) {
  const { client, timeRange, timeZone, width, height, open, goTo, zoomTo, status } = useControl();
  const styles = useStyles2(look);
  const [fromMs, toMs] = [timeRange.from.valueOf(), timeRange.to.valueOf()];
  const range = { from: timeRange.from.toISOString(), to: timeRange.to.toISOString() };
  const ofRange = useLoaded(
    `incidents ${range.from} ${range.to}`,
    (signal) => client.incidents({ ...range, sort: 'score', limit: 200 }, signal),
    { everyMs: EVERY_MS, keep: true },
  );
  const openIds = new Set(open.value?.map(({ id }) => id));
  const closed = (ofRange.value?.items ?? []).filter(({ id, open: isOpen }) => !isOpen && !openIds.has(id));
  const latestFirst = closed.toSorted((one, other) => other.start.localeCompare(one.start));
  const listed = [...(open.value ?? []), ...latestFirst];
  const measured = scorePoints(series);
  const isOfPrometheus = measured.length > 0;
  const points = isOfPrometheus ? measured : incidentPoints(listed, fromMs, toMs);
  const isLow = height < 360;
  const isWide = width >= 1100;
  // What concerns everything is said above.
  const problem = status.problem === undefined ? (ofRange.problem ?? open.problem) : undefined;
  return (
    <>
      {(ofRange.isLoading || open.isLoading) && (
        <div style={{ position: 'absolute', top: 0, left: 0, right: 0 }}>
          <LoadingBar width={width} />
        </div>
      )}
      {status.value !== undefined && !isLow && <QualityStrip status={status.value} />}
      {!isLow && (
        <section className={styles.card} style={{ flex: 'none' }} aria-label="Highest score">
          <div className={styles.head}>
            <h3>{isOfPrometheus ? 'Highest score per minute' : 'Highest score of incidents'}</h3>
            <span className={styles.muted}>{isOfPrometheus ? 'any user or endpoint' : 'per five minutes'}</span>
            <span className={`${styles.muted} ${styles.push}`}>drag to zoom</span>
          </div>
          <ScoreTimeline
            points={points}
            threshold={thresholdOf(series)}
            isAllFlagged={!isOfPrometheus}
            incidents={listed}
            fromMs={fromMs}
            toMs={toMs}
            timeZone={timeZone}
            width={width - 20}
            hasLanes={width >= 480}
            onZoom={zoomTo}
            onOpen={(id) => goTo({ tab: 'incidents', incident: id })}
          />
        </section>
      )}
      <div
        className={styles.columns}
        style={{
          gridTemplateColumns: isWide ? 'minmax(0, 2fr) minmax(0, 1fr)' : undefined,
          minHeight: 372,
          flexShrink: 0,
        }}
      >
        <section className={styles.card} aria-label="Incidents" style={{ minHeight: 260 }}>
          <div className={styles.head}>
            <h3>{openIds.size > 0 ? 'Open incidents' : 'Incidents'}</h3>
            <span className={styles.muted}>
              {openIds.size} open, {closed.length} closed in this range
            </span>
            <button
              type="button"
              className={`${styles.link} ${styles.small} ${styles.push}`}
              onClick={() => goTo({ tab: 'incidents' })}
            >
              All incidents
            </button>
          </div>
          {problem !== undefined && <CardProblem problem={problem} onRetry={ofRange.reload} />}
          {problem === undefined && ofRange.value !== undefined && listed.length === 0 && (
            <p className={`${styles.pad} ${styles.secondary}`}>
              Nothing unusual in this range. A quiet day stays quiet.
            </p>
          )}
          {listed.length > 0 && <IncidentList incidents={listed} />}
        </section>
        <div
          className={styles.columns}
          style={{ gridTemplateColumns: isWide || width < 600 ? undefined : '1fr 1fr', alignContent: 'start' }}
        >
          <TopUsers />
          <TopEndpoints />
        </div>
      </div>
    </>
  );
}

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

interface FactProps {
  readonly label: string;
  readonly value: React.ReactNode;
  /** Of the strip, that it takes. */
  readonly columns?: number;
}

export function Fact({ label, value, columns = 1, children }: React.PropsWithChildren<FactProps>) {
  const styles = useStyles2(look);
  return (
    <div style={{ gridColumn: `span ${columns}` }}>
      <div className={styles.muted}>{label}</div>
      <div className={`${styles.row} ${styles.cut}`} style={{ alignItems: 'baseline' }}>
        <span className={styles.value}>{value}</span>
        <span className={`${styles.muted} ${styles.cut}`}>{children}</span>
      </div>
    </div>
  );
}

export function Warning({ children, title }: React.PropsWithChildren<{ readonly title?: string }>) {
  const styles = useStyles2(look);
  return (
    <span className={styles.warning} title={title}>
      <Icon name="exclamation-triangle" size="sm" /> {children}
    </span>
  );
}

function TopUsers() {
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

function TopEndpoints() {
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
