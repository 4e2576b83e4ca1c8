/** The panel: finds its control data source, keeps the status up to date, and shows one of the views. */
import { LoadingState, type PanelProps } from '@grafana/data';
import { getDataSourceSrv } from '@grafana/runtime';
import { Alert, Button, ErrorBoundary, useStyles2 } from '@grafana/ui';
import React, { useState } from 'react';
import { ControlProblem, problemOf } from '../control/problem';
import type { AnomalyDataSource } from '../datasource/datasource';
import { testIds } from '../testIds';
import { type Control, ControlProvider, roleIsAtLeast } from './control';
import * as format from './format';
import { look } from './look';
import { timeOf } from './clock';
import type { PanelOptions } from './options';
import { ClockNote, NoSpans, Learning, ProblemView, Waiting } from './states';
import { TabBar, TITLES } from './TabBar';
import { useLoaded } from './useLoaded';
import { type Place, usePlace } from './usePlace';
import { Endpoints } from './views/Endpoints';
import { Incidents } from './views/Incidents';
import { ModelView } from './views/Model';
import { Overview } from './views/Overview';
import { ReadOnly } from './views/ReadOnly';
import { Users } from './views/Users';

const BAR = 41;
const STATUS_EVERY_MS = 10_000;
const MOST_OPEN = 100;

export function AnomalyPanel(props: PanelProps<PanelOptions>) {
  const { options, data, timeRange, timeZone, width, height, onChangeTimeRange } = props;
  const styles = useStyles2(look);
  // On a dashboard it may be a variable.
  const uid = options.control && props.replaceVariables(options.control);
  const source = useLoaded(`data source ${uid ?? ''}`, uid ? () => dataSource(uid) : undefined);
  if (!uid) {
    const error = data.state === LoadingState.Error ? (data.errors?.[0]?.message ?? 'Unknown error') : undefined;
    return (
      <div className={styles.root} style={{ width, height }} data-testid={testIds.panel.root}>
        <div className={styles.body}>
          <ReadOnly
            series={data.series}
            timeRange={timeRange}
            timeZone={timeZone}
            width={width}
            error={error}
            onZoom={(from, to) => onChangeTimeRange({ from, to })}
          />
        </div>
      </div>
    );
  }
  if (source.value === undefined) {
    return (
      <div className={styles.body} data-testid={testIds.panel.root}>
        {source.problem === undefined ? (
          <Waiting what="Loading the data source …" />
        ) : (
          <ProblemView problem={source.problem} dataSource={{ uid, name: uid }} onRetry={source.reload} />
        )}
      </div>
    );
  }
  return <Connected {...props} source={source.value} />;
}

async function dataSource(uid: string): Promise<AnomalyDataSource> {
  try {
    const found = await getDataSourceSrv().get({ uid });
    if ('client' in found) {
      return found as AnomalyDataSource;
    }
    throw new Error(`“${found.name}” is no API anomaly data source.`);
  } catch (error) {
    const { message } = error as Error;
    throw new ControlProblem('refused', `${message} Choose another one in the panel's options.`, {
      call: `data source ${uid}`,
    });
  }
}

type ConnectedProps = PanelProps<PanelOptions> & { readonly source: AnomalyDataSource };

interface Notice {
  readonly text: string;
  readonly undo: (() => Promise<void>) | undefined;
}

function Connected({
  id,
  options,
  data,
  timeRange,
  timeZone,
  width,
  height,
  onChangeTimeRange,
  source,
}: ConnectedProps) {
  const styles = useStyles2(look);
  const pinned = options.view === 'tabs' ? undefined : options.view;
  const [place, goTo] = usePlace(id, pinned);
  const [notice, setNotice] = useState<Notice>();
  const [turn, setTurn] = useState(0);
  const { client } = source;
  const status = useLoaded('GET /api/v1/status', (signal) => client.status(signal), { everyMs: STATUS_EVERY_MS });
  const open = useLoaded(
    'open incidents',
    async (signal) => (await client.incidents({ open: true, sort: 'score', limit: MOST_OPEN }, signal)).items,
    { everyMs: STATUS_EVERY_MS },
  );
  const control: Control = {
    client,
    mayOperate: source.canOperate && roleIsAtLeast('Editor'),
    mayAdminister: source.canAdminister && roleIsAtLeast('Admin'),
    dataSource: { uid: source.uid, name: source.name },
    traces: options.traces ?? source.tracesUid,
    timeRange,
    timeZone,
    width,
    height: height - (pinned === undefined ? BAR : 0),
    status,
    nowMs: status.value === undefined ? timeRange.to.valueOf() : timeOf(status.value),
    open,
    goTo,
    zoomTo: (from, to) => onChangeTimeRange({ from, to }),
    tell: (text, undo) => setNotice({ text, undo }),
  };
  const undo = async () => {
    try {
      await notice?.undo?.();
      setNotice({ text: 'Undone.', undo: undefined });
    } catch (error) {
      setNotice({ text: problemOf(error, 'undo').message, undo: undefined });
    }
    open.reload();
  };
  const isLost = status.problem !== undefined && status.value !== undefined;
  return (
    <ControlProvider value={control}>
      <div className={styles.root} style={{ width, height }} data-testid={testIds.panel.root}>
        {pinned === undefined && <TabBar place={place} control={control} />}
        <div className={styles.body} role="region" aria-label={TITLES[place.tab]} data-testid={testIds.panel.body}>
          {isLost && (
            <div className={styles.whole}>
              <Alert
                severity="warning"
                title="The connection to the processor is lost"
                topSpacing={0}
                bottomSpacing={0}
              >
                {status.problem?.message} What you see is of {format.time(status.atMs ?? 0, timeZone, 'HH:mm:ss')}. It
                is tried again every {STATUS_EVERY_MS / 1000} s.
              </Alert>
            </div>
          )}
          {notice !== undefined && (
            <div role="status" className={styles.note}>
              {notice.text}
              {notice.undo !== undefined && (
                <Button size="sm" fill="text" onClick={() => void undo()}>
                  Undo
                </Button>
              )}
              <Button
                size="sm"
                fill="text"
                variant="secondary"
                icon="times"
                className={styles.push}
                aria-label="Close the notice"
                onClick={() => setNotice(undefined)}
              />
            </div>
          )}
          {status.value === undefined && status.problem !== undefined && (
            <>
              <ProblemView problem={status.problem} dataSource={control.dataSource} onRetry={status.reload} />
              <ReadOnly
                series={data.series}
                timeRange={timeRange}
                timeZone={timeZone}
                width={width}
                isByChoice={false}
                onZoom={control.zoomTo}
              />
            </>
          )}
          {status.value === undefined && status.problem === undefined && <Waiting what="Asking the processor …" />}
          {status.value !== undefined && (
            <div className={`${styles.column} ${styles.grow} ${isLost ? styles.dimmed : ''}`}>
              <ClockNote status={status.value} atMs={status.atMs ?? 0} />
              {/* An answer that lacks what a view needs must not take the panel down. */}
              <ErrorBoundary dependencies={[place, status.value, turn]}>
                {({ error }) =>
                  error === null ? (
                    <ViewOf place={place} series={data.series} control={control} />
                  ) : (
                    <ProblemView
                      problem={incomplete(error, place)}
                      dataSource={control.dataSource}
                      onRetry={() => setTurn(turn + 1)}
                    />
                  )
                }
              </ErrorBoundary>
            </div>
          )}
        </div>
      </div>
    </ControlProvider>
  );
}

function incomplete({ message }: Error, { tab }: Place): ControlProblem {
  const said = `An answer lacks something that ${TITLES[tab]} needs (${message}).`;
  return new ControlProblem('garbled', said, { call: TITLES[tab] });
}

function ViewOf({
  place,
  series,
  control,
}: {
  readonly place: Place;
  readonly series: PanelProps['data']['series'];
  readonly control: Control;
}) {
  const status = control.status.value!;
  const isNew = status.model === null && status.throughput.spans === 0;
  switch (place.tab) {
    case 'overview':
      if (isNew && status.learning.progress === 0) {
        return <NoSpans />;
      }
      return status.model === null ? <Learning status={status} /> : <Overview series={series} />;
    case 'incidents':
      return <Incidents incident={place.incident} />;
    case 'users':
      return <Users user={place.user} />;
    case 'endpoints':
      return <Endpoints search={place.search} />;
    case 'model':
      return <ModelView />;
  }
}
