/** Endpoints: how unusual each is, and calls, duration and errors beside what is usual. */
import { Combobox, FilterInput, LoadingBar, RadioButtonGroup, useStyles2, useTheme2 } from '@grafana/ui';
import React, { useState } from 'react';
import { allPages } from '../../control/all-pages';
import type { Endpoint } from '../../control/answers';
import { behaviorInWords } from '../../control/words';
import { testIds } from '../../testIds';
import { IncidentNumber } from '../badges';
import { numberOf, useControl } from '../control';
import * as format from '../format';
import { look } from '../look';
import { type Column, RowTable } from '../RowTable';
import { Sparkline } from '../Sparkline';
import { CardProblem } from '../states';
import { useLoaded } from '../useLoaded';
import { Behavior } from './Users';

const ROW = 42;
const MOST = 5000;
const EVERY_MS = 30_000;
const SORTS = [
  { value: 'score', label: 'Most unusual' },
  { value: 'calls', label: 'Busiest' },
  { value: 'name', label: 'By name' },
];

export function Endpoints({ search: searched }: { readonly search: string | undefined }) {
  const { client, goTo, open, width } = useControl();
  const styles = useStyles2(look);
  const [service, setService] = useState<string>();
  const [sort, setSort] = useState('score');
  const search = searched ?? '';
  const loaded = useLoaded(
    `endpoints ${sort}`,
    (signal) =>
      allPages(MOST, (page) => client.endpoints({ sort, order: sort === 'name' ? 'asc' : 'desc', ...page }, signal)),
    { everyMs: EVERY_MS, keep: true },
  );
  const all = loaded.value?.rows ?? [];
  const services = [...new Set(all.map((row) => row.service))].sort().map((value) => ({ value, label: value }));
  const rows = all.filter(
    (row) =>
      (service === undefined || row.service === service) && row.endpoint.toLowerCase().includes(search.toLowerCase()),
  );
  const incidentOf = (row: Endpoint) =>
    open.value?.find((incident) => incident.service === row.service && incident.endpoint === row.endpoint);
  const isWide = width >= 900;
  const columns: Array<Column<Endpoint>> = [
    {
      header: '#',
      width: '36px',
      isRight: true,
      cell: (_, index) => <span className={styles.secondary}>{index + 1}</span>,
    },
    {
      header: 'Endpoint',
      width: 'minmax(140px, 2fr)',
      cell: (row) => (
        <>
          <div className={`${styles.mono} ${styles.cut}`} title={row.endpoint}>
            {row.endpoint}
          </div>
          <div className={styles.muted}>{row.service}</div>
        </>
      ),
    },
    { header: 'Score', width: '48px', isRight: true, cell: (row) => format.score(row.score) },
    ...(width >= 600
      ? [
          {
            header: 'Of late',
            width: '84px',
            cell: ({ series }: Endpoint) => <Sparkline values={series} width={80} top={1} threshold={0.67} />,
          },
        ]
      : []),
    ...(width >= 480
      ? [
          {
            header: 'Calls in 5 min',
            width: 'minmax(90px, 1fr)',
            isRight: true,
            cell: (row: Endpoint) => (
              <Compared
                now={row.now.calls}
                usual={row.usual.calls}
                show={(value) => format.measure(value, '1')}
                isMarked={isWide}
              />
            ),
          },
        ]
      : []),
    {
      header: 'Duration',
      width: 'minmax(100px, 1fr)',
      isRight: true,
      cell: (row) => (
        <Compared
          now={row.now.duration_ms}
          usual={row.usual.duration_ms}
          show={(value) => format.measure(value, 'ms')}
          isMarked={isWide}
        />
      ),
    },
    ...(width >= 600
      ? [
          {
            header: 'Errors',
            width: 'minmax(90px, 1fr)',
            isRight: true,
            cell: (row: Endpoint) => (
              <Compared now={errors(row.now)} usual={errors(row.usual)} show={format.percent} isMarked={isWide} />
            ),
          },
        ]
      : []),
    ...(isWide
      ? [
          {
            header: 'Behaviour',
            width: 'minmax(100px, 1fr)',
            cell: (row: Endpoint) => <IncidentLink row={row} incident={incidentOf(row)} />,
          },
        ]
      : []),
  ];
  return (
    <>
      {loaded.isLoading && loaded.value === undefined && <LoadingBar width={width} />}
      <div className={styles.wrap}>
        <FilterInput
          width={30}
          placeholder="Find a route"
          aria-label="Find a route"
          value={search}
          onChange={(text) => goTo({ tab: 'endpoints', search: text || undefined })}
          escapeRegex={false}
        />
        <Combobox
          aria-label="Service"
          width={26}
          isClearable
          placeholder="All services"
          options={services}
          value={service ?? null}
          onChange={(chosen) => setService(chosen?.value)}
        />
        <RadioButtonGroup aria-label="Order" options={SORTS} value={sort} onChange={setSort} />
        <span className={`${styles.muted} ${styles.push}`} role="status">
          {loaded.value !== undefined && `${format.count(rows.length)} endpoints; now, then what is usual`}
        </span>
      </div>
      <section className={`${styles.card} ${styles.grow}`} aria-label="Endpoints">
        {loaded.problem !== undefined && <CardProblem problem={loaded.problem} onRetry={loaded.reload} />}
        {loaded.value !== undefined && rows.length === 0 && (
          <p className={`${styles.pad} ${styles.secondary}`}>
            {all.length === 0 ? 'No endpoint was called yet.' : 'No endpoint is like this. Take the filters away.'}
          </p>
        )}
        {rows.length > 0 && (
          <RowTable
            label="Endpoints"
            testId={testIds.panel.endpoints}
            rows={rows}
            keyOf={(row) => `${row.service} ${row.endpoint}`}
            columns={columns}
            rowHeight={ROW}
          />
        )}
      </section>
    </>
  );
}

function errors({ server_errors: server, client_errors: client }: Endpoint['now']): number | null {
  return server === null && client === null ? null : (server ?? 0) + (client ?? 0);
}

function IncidentLink({
  row,
  incident,
}: {
  readonly row: Endpoint;
  readonly incident: { readonly id: string; readonly behavior: string } | undefined;
}) {
  const { goTo, open } = useControl();
  const styles = useStyles2(look);
  if (incident === undefined) {
    return <Behavior behavior={row.behavior} score={row.score} number={undefined} />;
  }
  return (
    <button
      type="button"
      className={`${styles.link} ${styles.row}`}
      onClick={() => goTo({ tab: 'incidents', incident: incident.id })}
    >
      <IncidentNumber number={numberOf(open.value, incident.id)} /> {behaviorInWords(incident.behavior)}
    </button>
  );
}

interface ComparedProps {
  readonly now: number | null;
  readonly usual: number | null;
  readonly show: (value: number | null) => string;
  readonly isMarked: boolean;
}

/** Now, then what is usual; three times as much is marked by its factor and an outline in colour. */
function Compared({ now, usual, show, isMarked }: ComparedProps) {
  const styles = useStyles2(look);
  const theme = useTheme2();
  const factor = now !== null && usual !== null && usual > 0 ? now / usual : undefined;
  const isMuch = isMarked && factor !== undefined && factor >= 3;
  return (
    <span>
      {isMuch && (
        <span className={styles.small} style={{ color: theme.colors.warning.text }} title="times what is usual">
          ×{format.measure(factor, '1')}{' '}
        </span>
      )}
      <span className={styles.strong}>{show(now)}</span> <span className={styles.muted}>{show(usual)}</span>
    </span>
  );
}
