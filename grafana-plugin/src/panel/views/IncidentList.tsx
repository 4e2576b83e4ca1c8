/** Incidents, one two-line row each. */
import { Badge, Icon, useStyles2 } from '@grafana/ui';
import React from 'react';
import type { Incident } from '../../control/answers';
import { behaviorInWords, oddsInWords } from '../../control/words';
import { testIds } from '../../testIds';
import { EntityName, IncidentNumber, SeverityBadge } from '../badges';
import { numberOf, useControl } from '../control';
import * as format from '../format';
import { look } from '../look';
import { type Column, RowTable } from '../RowTable';

const ROW = 62;
/** With severity and time in the row, for want of columns. */
const NARROW_ROW = 80;

export function IncidentList({ incidents }: { readonly incidents: readonly Incident[] }) {
  const { goTo, nowMs, open, timeZone, width } = useControl();
  const styles = useStyles2(look);
  const isNarrow = width < 900;
  const areNumbered = incidents.some(({ id }) => numberOf(open.value, id) !== undefined);
  const what: Column<Incident> = {
    header: 'What',
    width: 'minmax(0, 1fr)',
    cell: ({ kind, entity, endpoint, behavior, reason, feedback }) => (
      <>
        <div className={styles.row}>
          <span className={styles.strong}>{behaviorInWords(behavior)}</span>
          {kind !== 'endpoint' && <EntityName kind={kind} entity={entity} />}
          <span className={`${styles.mono} ${styles.secondary} ${styles.cut}`}>{endpoint}</span>
          <FeedbackBadge feedback={feedback} />
        </div>
        <div className={`${styles.small} ${styles.cut}`}>{reason}</div>
      </>
    ),
  };
  const everything: Column<Incident> = {
    ...what,
    cell: ({ kind, entity, endpoint, behavior, reason, feedback, severity: level, start, last, open: isOpen }) => (
      <>
        <div className={styles.row}>
          <span className={`${styles.strong} ${styles.cut}`}>{behaviorInWords(behavior)}</span>
          <SeverityBadge severity={level} />
          <FeedbackBadge feedback={feedback} />
          {width >= 480 && (
            <span className={`${styles.muted} ${styles.push} ${styles.unbroken}`}>
              {format.moment(Date.parse(start), timeZone)} · {lasting(start, last, isOpen, nowMs)}
            </span>
          )}
        </div>
        <div className={`${styles.small} ${styles.cut}`}>{reason}</div>
        <div className={styles.row}>
          {kind !== 'endpoint' && <EntityName kind={kind} entity={entity} />}
          <span className={`${styles.mono} ${styles.secondary} ${styles.cut}`}>{endpoint}</span>
        </div>
      </>
    ),
  };
  const severity: Column<Incident> = {
    header: 'Severity',
    width: '88px',
    cell: (row) => <SeverityBadge severity={row.severity} />,
  };
  const number: Column<Incident> = {
    header: 'Number',
    width: '18px',
    cell: ({ id }) => <IncidentNumber number={numberOf(open.value, id)} />,
  };
  const when: Column<Incident> = {
    header: 'When',
    width: '104px',
    cell: ({ start, last, open: isOpen }) => (
      <>
        <div>{format.moment(Date.parse(start), timeZone)}</div>
        <div className={styles.muted}>{lasting(start, last, isOpen, nowMs)}</div>
      </>
    ),
  };
  const score: Column<Incident> = {
    header: 'Score',
    width: '92px',
    isRight: true,
    cell: (row) => (
      <>
        <div>{format.score(row.score)}</div>
        <div className={styles.muted}>{oddsInWords(row.score)}</div>
      </>
    ),
  };
  const chevron: Column<Incident> = {
    header: 'Open',
    width: '16px',
    cell: () => <Icon name="angle-right" className={styles.secondary} />,
  };
  return (
    <RowTable
      label="Incidents"
      testId={testIds.panel.incidents}
      rows={incidents}
      keyOf={({ id }) => id}
      columns={[
        ...(areNumbered ? [number] : []),
        ...(isNarrow ? [everything, score] : [severity, what, when, score, chevron]),
      ]}
      rowHeight={isNarrow ? NARROW_ROW : ROW}
      isHeaderHidden
      onOpen={({ id }) => goTo({ tab: 'incidents', incident: id })}
    />
  );
}

function lasting(start: string, last: string, isOpen: boolean, nowMs: number): string {
  const length = format.duration((isOpen ? nowMs : Date.parse(last)) - Date.parse(start));
  return isOpen ? length : `${length}, ended`;
}

export function FeedbackBadge({ feedback }: Pick<Incident, 'feedback'>) {
  if (feedback === null) {
    return null;
  }
  return feedback === 'confirmed' ? (
    <Badge color="green" icon="check" text="real" />
  ) : (
    <Badge color="darkgrey" icon="times" text="false alarm" />
  );
}
