/** The requests of an incident in order, each with the way to its trace. */
import { getDataSourceSrv } from '@grafana/runtime';
import { Icon, TextLink, useStyles2 } from '@grafana/ui';
import React from 'react';
import type { IncidentRequest } from '../../control/answers';
import { statusInWords } from '../../control/words';
import { testIds } from '../../testIds';
import { useControl } from '../control';
import * as format from '../format';
import { look } from '../look';
import { type Column, RowTable } from '../RowTable';

const ROW = 30;
/** Spans of a trace may begin and end outside the request. */
const AROUND_MS = 3_600_000;

interface Props {
  readonly requests: readonly IncidentRequest[];
  /** How many anomalies there were in all. */
  readonly anomalies: number;
  readonly isNarrow: boolean;
}

export function RequestTable({ requests, anomalies, isNarrow }: Props) {
  const { timeZone, traces } = useControl();
  const styles = useStyles2(look);
  const columns: Array<Column<IncidentRequest>> = [
    {
      header: 'Time',
      width: '96px',
      cell: (row) => <span className={styles.mono}>{format.time(Date.parse(row.time), timeZone, 'HH:mm:ss.SSS')}</span>,
    },
    {
      header: 'Endpoint',
      width: 'minmax(0, 1fr)',
      cell: (row) => (
        <span className={styles.mono} title={`${row.service} ${row.endpoint}`}>
          {row.endpoint}
        </span>
      ),
    },
    {
      header: 'Status',
      width: isNarrow ? '48px' : '120px',
      cell: ({ status_code: status }) => (
        <>
          {status ?? '–'}
          {!isNarrow && status !== null && (
            <>
              {' '}
              <span className={status >= 400 ? styles.warning : styles.muted}>{statusInWords(status)}</span>
            </>
          )}
        </>
      ),
    },
    ...(isNarrow
      ? []
      : [
          {
            header: 'Duration',
            width: '64px',
            isRight: true,
            cell: (row: IncidentRequest) => format.measure(row.duration_ms, 'ms'),
          },
        ]),
    { header: 'Score', width: '44px', isRight: true, cell: ({ score }) => format.score(score) },
    {
      header: 'Trace',
      width: '56px',
      cell: ({ trace_id: id, time }) => {
        const href = traces === undefined ? undefined : traceLink(traces, id, Date.parse(time));
        return href === undefined ? (
          <span
            className={`${styles.mono} ${styles.secondary}`}
            title={`${id}. Choose a trace data source in the panel's options to open it.`}
          >
            {id.slice(0, 6)}
          </span>
        ) : (
          <TextLink href={href} inline={false} variant="bodySmall" aria-label={`Trace ${id}`}>
            Trace
          </TextLink>
        );
      },
    },
  ];
  return (
    <section className={styles.card} aria-label="Requests in order">
      <div className={styles.head}>
        <h3>Requests in order</h3>
        <span className={styles.muted}>
          {requests.length < anomalies
            ? `${requests.length} of ${format.count(anomalies)}, the first and the most unusual`
            : `${requests.length}, first to last`}
        </span>
      </div>
      {requests.length === 0 ? (
        <p className={`${styles.pad} ${styles.secondary}`}>
          <Icon name="info-circle" /> No request was kept: the database of the processor was not available then.
        </p>
      ) : (
        <RowTable
          label="Requests"
          testId={testIds.panel.requests}
          rows={requests}
          keyOf={({ span_id: id, time }) => `${time} ${id}`}
          columns={columns}
          rowHeight={ROW}
        />
      )}
    </section>
  );
}

/** Explore with that trace; undefined where there is no such data source. */
export function traceLink(uid: string, traceId: string, timeMs: number): string | undefined {
  const settings = getDataSourceSrv().getInstanceSettings(uid);
  if (settings === undefined) {
    return undefined;
  }
  const { type } = settings;
  const query = {
    refId: 'A',
    datasource: { type, uid },
    query: traceId,
    ...(type === 'tempo' && { queryType: 'traceql' }),
  };
  const range = { from: String(timeMs - AROUND_MS), to: String(timeMs + AROUND_MS) };
  const panes = JSON.stringify({ trace: { datasource: uid, queries: [query], range } });
  return `/explore?schemaVersion=1&panes=${encodeURIComponent(panes)}`;
}
