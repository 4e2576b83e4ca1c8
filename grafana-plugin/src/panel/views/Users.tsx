/** Users by how unusual they are, and one of them beside the list. */
import { Badge, Combobox, Drawer, FilterInput, Icon, LoadingBar, useStyles2, useTheme2 } from '@grafana/ui';
import React, { useState } from 'react';
import { allPages } from '../../control/all-pages';
import type { User } from '../../control/answers';
import { BEHAVIOR_NAMES, behaviorInWords } from '../../control/words';
import { testIds } from '../../testIds';
import { IncidentNumber } from '../badges';
import { numberOf, useControl } from '../control';
import * as format from '../format';
import { look } from '../look';
import { type Column, RowTable } from '../RowTable';
import { Sparkline } from '../Sparkline';
import { CardProblem } from '../states';
import { useLoaded } from '../useLoaded';
import { UserProfile } from './UserProfile';

const ROW = 36;
const MOST = 5000;
const EVERY_MS = 30_000;
const BEHAVIORS = BEHAVIOR_NAMES.map((value) => ({ value, label: behaviorInWords(value) }));

export function Users({ user: shown }: { readonly user: string | undefined }) {
  const { client, goTo, open, width } = useControl();
  const styles = useStyles2(look);
  const [search, setSearch] = useState('');
  const [behavior, setBehavior] = useState<string>();
  const loaded = useLoaded(
    'users',
    (signal) => allPages(MOST, (page) => client.users({ sort: 'score', ...page }, signal)),
    { everyMs: EVERY_MS },
  );
  const wanted = search.trim().toLowerCase();
  const rows = (loaded.value?.rows ?? []).filter(
    (row) => row.user.includes(wanted) && (behavior === undefined || row.behavior === behavior),
  );
  const isWide = width >= 900;
  const close = () => goTo({ tab: 'users' });
  const columns: Array<Column<User>> = [
    {
      header: '#',
      width: '40px',
      isRight: true,
      cell: (_, index) => <span className={styles.secondary}>{index + 1}</span>,
    },
    { header: 'User', width: 'minmax(96px, 130px)', cell: ({ user }) => <UserName user={user} /> },
    { header: 'Score', width: '110px', isRight: true, cell: ({ score }) => <ScoreBar score={score} /> },
    ...(width >= 480 && !(isWide && shown !== undefined && width < 1100)
      ? [
          {
            header: 'Active hours, UTC',
            width: '150px',
            cell: ({ series }: User) => <Sparkline values={series} width={140} />,
          },
        ]
      : []),
    ...(width >= 600
      ? [{ header: 'Calls', width: '60px', isRight: true, cell: ({ calls }: User) => format.count(calls) }]
      : []),
    {
      header: 'Behaviour',
      width: 'minmax(100px, 1fr)',
      cell: (row) => (
        <Behavior
          behavior={row.behavior}
          score={row.score}
          number={numberOf(open.value, open.value?.find(({ entity }) => entity === row.user)?.id ?? '')}
        />
      ),
    },
  ];
  const profile = shown !== undefined && (
    <UserProfile
      key={shown}
      pseudonym={shown}
      place={rows.findIndex(({ user }) => user === shown)}
      of={rows.length}
      onClose={close}
    />
  );
  return (
    <>
      {loaded.isLoading && loaded.value === undefined && <LoadingBar width={width} />}
      <div className={styles.wrap}>
        <FilterInput
          width={28}
          placeholder="Find a pseudonym"
          aria-label="Find a pseudonym"
          value={search}
          onChange={setSearch}
          escapeRegex={false}
        />
        <Combobox
          aria-label="Behaviour"
          width={26}
          isClearable
          placeholder="Any behaviour"
          options={BEHAVIORS}
          value={behavior ?? null}
          onChange={(chosen) => setBehavior(chosen?.value)}
        />
        <span className={`${styles.muted} ${styles.push}`} role="status">
          {loaded.value !== undefined && `${format.count(rows.length)} users of the last day`}
        </span>
      </div>
      <div
        className={styles.columns}
        style={{ gridTemplateColumns: isWide && shown !== undefined ? 'minmax(0, 16fr) minmax(0, 9fr)' : undefined }}
      >
        <section className={styles.card} aria-label="Users" style={{ minHeight: 220 }}>
          {loaded.problem !== undefined && <CardProblem problem={loaded.problem} onRetry={loaded.reload} />}
          {loaded.value !== undefined && rows.length === 0 && (
            <p className={`${styles.pad} ${styles.secondary}`}>
              {wanted === '' && behavior === undefined
                ? 'No user was active within a day. If there should be some, check identity.user_attributes of the processor.'
                : 'No user of the last day is like this.'}
            </p>
          )}
          {rows.length > 0 && (
            <RowTable
              label="Users"
              testId={testIds.panel.users}
              rows={rows}
              keyOf={({ user }) => user}
              columns={columns}
              rowHeight={ROW}
              selected={shown}
              onOpen={({ user }) => goTo({ tab: 'users', user })}
              onEscape={close}
            />
          )}
        </section>
        {isWide && profile}
      </div>
      {!isWide && profile && (
        <Drawer title="User" size="md" onClose={close}>
          {profile}
        </Drawer>
      )}
    </>
  );
}

function UserName({ user }: { readonly user: string }) {
  const styles = useStyles2(look);
  return (
    <span title={user}>
      <Icon name="user" size="sm" className={styles.secondary} />{' '}
      <span className={styles.mono}>{format.shortName(user)}</span>
    </span>
  );
}

export function ScoreBar({ score }: { readonly score: number }) {
  const theme = useTheme2();
  const color =
    score >= 0.95
      ? theme.visualization.getColorByName('red')
      : score >= 0.8
        ? theme.visualization.getColorByName('orange')
        : score >= 0.67
          ? theme.visualization.getColorByName('blue')
          : theme.colors.text.secondary;
  return (
    <span style={{ display: 'inline-flex', gap: 8, alignItems: 'center' }}>
      <svg aria-hidden="true" width={48} height={4}>
        <rect width={48} height={4} rx={2} fill={theme.colors.secondary.main} />
        <rect width={48 * score} height={4} rx={2} fill={color} />
      </svg>
      {format.score(score)}
    </span>
  );
}

export function Behavior({
  behavior,
  score,
  number,
}: {
  readonly behavior: string | null;
  readonly score: number;
  readonly number: number | undefined;
}) {
  const styles = useStyles2(look);
  if (behavior === null || score < 0.5) {
    return <span className={styles.secondary}>–</span>;
  }
  const color = score >= 0.95 ? 'red' : score >= 0.8 ? 'orange' : score >= 0.67 ? 'blue' : 'darkgrey';
  return (
    <span className={styles.row}>
      <IncidentNumber number={number} />
      <Badge color={color} icon={score >= 0.67 ? 'exclamation-triangle' : undefined} text={behaviorInWords(behavior)} />
    </span>
  );
}
