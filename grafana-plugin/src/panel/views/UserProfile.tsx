/** One user: incidents, when it is usually active, what it calls, and how it differs now. */
import {
  ClipboardButton,
  ConfirmModal,
  IconButton,
  LoadingPlaceholder,
  Button,
  useStyles2,
  useTheme2,
} from '@grafana/ui';
import React, { useState } from 'react';
import type { Incident, UserProfile as Profile } from '../../control/answers';
import { problemOf, type ControlProblem } from '../../control/problem';
import { behaviorInWords, featureInWords } from '../../control/words';
import { testIds } from '../../testIds';
import { SeverityBadge } from '../badges';
import { useControl } from '../control';
import * as format from '../format';
import { look, marks } from '../look';
import { CardProblem } from '../states';
import { useLoaded } from '../useLoaded';

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const CELL = 15;
const LABEL = 30;
const MOST_INCIDENTS = 5;
const FEW = 6;

interface Props {
  readonly pseudonym: string;
  readonly place: number;
  readonly of: number;
  readonly onClose: () => void;
}

export function UserProfile({ pseudonym, place, of, onClose }: Props) {
  const { client, goTo, mayAdminister, tell, timeZone } = useControl();
  const styles = useStyles2(look);
  const [isErasing, setErasing] = useState(false);
  const [failure, setFailure] = useState<ControlProblem>();
  const loaded = useLoaded(`user ${pseudonym}`, (signal) => client.user(pseudonym, signal), { everyMs: 30_000 });
  const incidents = useLoaded(`incidents of ${pseudonym}`, (signal) =>
    client.incidents({ entity: pseudonym, limit: MOST_INCIDENTS }, signal),
  );
  const profile = loaded.value;
  const erase = async () => {
    try {
      await client.erase(pseudonym);
      tell('All that was kept of the user is erased.');
      onClose();
    } catch (error) {
      setFailure(problemOf(error, 'POST users/erase'));
      setErasing(false);
    }
  };
  return (
    <section
      className={styles.card}
      style={{ overflow: 'auto' }}
      data-testid={testIds.panel.profile}
      aria-label={`User ${pseudonym}`}
      onKeyDown={({ key }) => key === 'Escape' && onClose()}
    >
      <div className={`${styles.row} ${styles.pad}`}>
        <span className={styles.mono} style={{ fontSize: 16 }}>
          {format.shortName(pseudonym)}
        </span>
        <ClipboardButton
          size="sm"
          fill="text"
          variant="secondary"
          icon="copy"
          getText={() => pseudonym}
          aria-label="Copy the pseudonym"
        />
        <span className={`${styles.muted} ${styles.push}`}>{place >= 0 && `${place + 1} of ${format.count(of)}`}</span>
        <IconButton name="times" tooltip="Close, Esc" onClick={onClose} />
      </div>
      {loaded.problem !== undefined && <CardProblem problem={loaded.problem} onRetry={loaded.reload} />}
      {failure !== undefined && (
        <CardProblem
          problem={failure}
          needs={{ what: 'Erasing', role: 'Admin' }}
          onRetry={() => setFailure(undefined)}
        />
      )}
      {profile === undefined && loaded.isLoading && <LoadingPlaceholder text="Reading the profile …" />}
      {profile !== undefined && (
        <div className={styles.column} style={{ padding: '0 12px 12px', gap: 12 }}>
          <span className={styles.muted}>
            {profile.identity ?? 'unknown identity'}, known from {format.duration(300_000 * profile.windows)} of calls,
            last call {format.moment(Date.parse(profile.last), timeZone)}
            {profile.mature ? '' : ', a newcomer'}
          </span>
          {incidents.value?.items.map((incident) => (
            <IncidentCard
              key={incident.id}
              incident={incident}
              onOpen={() => goTo({ tab: 'incidents', incident: incident.id })}
            />
          ))}
          <Week profile={profile} />
          <Endpoints profile={profile} />
          <Features profile={profile} />
          {mayAdminister && (
            <div className={styles.row}>
              <Button size="sm" variant="destructive" fill="outline" onClick={() => setErasing(true)}>
                Erase this user…
              </Button>
            </div>
          )}
        </div>
      )}
      {isErasing && (
        <ConfirmModal
          isOpen
          title="Erase this user?"
          body="All that is kept of the user goes from memory and disk: history, anomalies and incidents. This cannot be undone."
          confirmText="Erase"
          confirmVariant="destructive"
          onConfirm={erase}
          onDismiss={() => setErasing(false)}
        />
      )}
    </section>
  );
}

function IncidentCard({ incident, onOpen }: { readonly incident: Incident; readonly onOpen: () => void }) {
  const { timeZone } = useControl();
  const styles = useStyles2(look);
  const { severity, behavior, start, reason, open } = incident;
  return (
    <button
      type="button"
      className={`${styles.note} ${styles.link}`}
      style={{ display: 'block', color: 'inherit' }}
      onClick={onOpen}
    >
      <span className={styles.row}>
        <SeverityBadge severity={severity} />
        <span className={styles.strong}>{behaviorInWords(behavior)}</span>
        <span>
          {open ? 'since' : 'at'} {format.moment(Date.parse(start), timeZone)}
        </span>
      </span>
      <span>{reason}</span>
    </button>
  );
}

function Week({ profile: { usual_week: week, hour_now: now } }: { readonly profile: Profile }) {
  const styles = useStyles2(look);
  const theme = useTheme2();
  const most = Math.max(1, ...week);
  const busiest = week.indexOf(Math.max(...week));
  const active = week.filter((value) => value > 0).length;
  const about = `Active in ${active} of 168 hours of the week, most on ${DAYS[Math.floor(busiest / 24)]} at ${busiest % 24} h UTC. It is ${DAYS[Math.floor(now / 24)]} ${now % 24} h now${(week[now] ?? 0) === 0 ? ', an hour in which it is usually not active' : ''}.`;
  return (
    <div>
      <div className={styles.strong}>Active hours of the week</div>
      <svg
        role="img"
        aria-label={about}
        viewBox={`0 0 ${LABEL + 24 * CELL} ${7 * CELL + 16}`}
        width="100%"
        style={{ maxWidth: LABEL + 24 * CELL, display: 'block' }}
      >
        {DAYS.map((day, index) => (
          <text key={day} x={0} y={index * CELL + 11} fontSize={11} fill={theme.colors.text.secondary}>
            {day}
          </text>
        ))}
        {week.map((value, hour) => (
          <rect
            key={hour}
            x={LABEL + (hour % 24) * CELL}
            y={Math.floor(hour / 24) * CELL}
            width={CELL - 2}
            height={CELL - 2}
            rx={2}
            fill={value === 0 ? theme.colors.secondary.main : theme.visualization.getColorByName('blue')}
            fillOpacity={value === 0 ? 0.4 : 0.3 + (0.7 * value) / most}
            stroke={hour === now ? marks(theme).flagged : 'none'}
            strokeWidth={2}
          />
        ))}
        {[0, 6, 12, 18].map((hour) => (
          <text key={hour} x={LABEL + hour * CELL} y={7 * CELL + 12} fontSize={11} fill={theme.colors.text.secondary}>
            {String(hour).padStart(2, '0')}
          </text>
        ))}
      </svg>
      <div className={styles.muted}>
        UTC; the outlined hour is now{(week[now] ?? 0) === 0 ? ', usually a quiet one' : ''}
      </div>
    </div>
  );
}

function Endpoints({ profile: { endpoints } }: { readonly profile: Profile }) {
  const styles = useStyles2(look);
  const theme = useTheme2();
  const [areAllShown, setAllShown] = useState(false);
  const shown = areAllShown ? endpoints : endpoints.slice(0, FEW);
  const most = Math.max(1e-9, ...endpoints.map(({ share }) => share));
  return (
    <div>
      <div className={styles.strong}>Endpoints</div>
      {shown.map(({ service, endpoint, share }) => (
        <div key={`${service} ${endpoint}`} className={styles.row}>
          <span className={`${styles.mono} ${styles.cut} ${styles.grow}`} title={`${service} ${endpoint}`}>
            {endpoint}
          </span>
          <svg aria-hidden="true" width={80} height={4}>
            <rect width={(80 * share) / most} height={4} fill={theme.colors.text.secondary} />
          </svg>
          <span className={styles.right} style={{ width: 52 }}>
            {format.percent(share)}
          </span>
        </div>
      ))}
      {endpoints.length > FEW && (
        <button type="button" className={`${styles.link} ${styles.small}`} onClick={() => setAllShown(!areAllShown)}>
          {areAllShown ? 'Show fewer' : `Show ${endpoints.length - FEW} more`}
        </button>
      )}
    </div>
  );
}

/** What differs most from what is usual, by factor. */
function Features({ profile: { features } }: { readonly profile: Profile }) {
  const styles = useStyles2(look);
  const distance = ({ observed, usual }: Profile['features'][number]) =>
    Math.abs(Math.log1p(Math.abs(observed ?? 0)) - Math.log1p(Math.abs(usual ?? 0)));
  const shown = features
    .filter(({ observed }) => observed !== null)
    .toSorted((one, other) => distance(other) - distance(one))
    .slice(0, FEW);
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <th style={{ paddingLeft: 0 }}>Latest five minutes</th>
          <th style={{ textAlign: 'right' }}>Usual</th>
          <th style={{ textAlign: 'right' }}>Then</th>
        </tr>
      </thead>
      <tbody>
        {shown.map(({ name, unit, observed, usual }) => (
          <tr key={name}>
            <td style={{ paddingLeft: 0 }}>{featureInWords(name)}</td>
            <td className={`${styles.right} ${styles.unbroken} ${styles.secondary}`}>{format.measure(usual, unit)}</td>
            <td className={`${styles.right} ${styles.unbroken}`}>{format.measure(observed, unit)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
