/** How it is going: data quality, the highest scores over time, incidents, and who stands out. */
import type { DataFrame } from '@grafana/data';
import { LoadingBar, useStyles2 } from '@grafana/ui';
import React from 'react';
import { useControl } from '../control';
import { look } from '../look';
import { incidentPoints, scorePoints, thresholdOf } from '../scores';
import { ScoreTimeline } from '../ScoreTimeline';
import { CardProblem } from '../states';
import { useLoaded } from '../useLoaded';
import { IncidentList } from './IncidentList';
import { QualityStrip } from './QualityStrip';
import { TopEndpoints, TopUsers } from './TopLists';

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
