/** One incident: the sentence, the facts, why it stands out, its requests, and what a person says of it. */
import { Button, IconButton, LoadingPlaceholder, TextLink, useStyles2 } from '@grafana/ui';
import React, { useState } from 'react';
import type { FullIncident, Incident } from '../../control/answers';
import { problemOf } from '../../control/problem';
import { behaviorInWords, oddsInWords, owaspInWords, owaspUrl } from '../../control/words';
import { testIds } from '../../testIds';
import { EntityName, SeverityBadge } from '../badges';
import { useControl } from '../control';
import * as format from '../format';
import { look } from '../look';
import { CardProblem, RoleNote } from '../states';
import { useLoaded } from '../useLoaded';
import { FalseAlarm } from './FalseAlarm';
import { FeatureTable } from './FeatureTable';
import { FeedbackBadge } from './IncidentList';
import { RequestTable } from './RequestTable';

const EVERY_MS = 15_000;

interface Props {
  readonly id: string;
  /** The list it was opened from. */
  readonly neighbours: readonly Incident[];
}

export function IncidentPage({ id, neighbours }: Props) {
  const { client, goTo, width } = useControl();
  const styles = useStyles2(look);
  const loaded = useLoaded(`incident ${id}`, (signal) => client.incident(id, signal), { everyMs: EVERY_MS });
  const place = neighbours.findIndex((incident) => incident.id === id);
  const openAt = (index: number) => {
    const next = neighbours[index];
    if (next !== undefined) {
      goTo({ tab: 'incidents', incident: next.id });
    }
  };
  const incident = loaded.value;
  const onKeyDown = (event: React.KeyboardEvent) => {
    const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
    if (isTyping || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    if (event.key === '[') {
      openAt(place - 1);
    } else if (event.key === ']') {
      openAt(place + 1);
    } else if (event.key === 'Escape') {
      goTo({ tab: 'incidents' });
    }
  };
  return (
    <div className={`${styles.column} ${styles.grow}`} data-testid={testIds.panel.incident} onKeyDown={onKeyDown}>
      <div className={styles.row}>
        <Button size="sm" fill="text" icon="angle-left" onClick={() => goTo({ tab: 'incidents' })}>
          Incidents
        </Button>
        {place >= 0 && (
          <span className={`${styles.row} ${styles.push} ${styles.muted}`}>
            {place + 1} of {neighbours.length}
            <IconButton
              name="angle-up"
              tooltip="Previous incident, ["
              disabled={place <= 0}
              onClick={() => openAt(place - 1)}
            />
            <IconButton
              name="angle-down"
              tooltip="Next incident, ]"
              disabled={place >= neighbours.length - 1}
              onClick={() => openAt(place + 1)}
            />
          </span>
        )}
      </div>
      {loaded.problem !== undefined && <CardProblem problem={loaded.problem} onRetry={loaded.reload} />}
      {incident === undefined && loaded.isLoading && <LoadingPlaceholder text="Reading the incident …" />}
      {incident !== undefined && (
        <>
          <Heading incident={incident} onChanged={loaded.reload} />
          <Facts incident={incident} />
          <div
            className={styles.columns}
            style={{ gridTemplateColumns: width >= 900 ? 'minmax(0, 6fr) minmax(0, 7fr)' : undefined, minHeight: 320 }}
          >
            <FeatureTable features={incident.features} isNarrow={width < 480} />
            <RequestTable requests={incident.requests} anomalies={incident.anomalies} isNarrow={width < 600} />
          </div>
        </>
      )}
    </div>
  );
}

function Heading({ incident, onChanged }: { readonly incident: FullIncident; readonly onChanged: () => void }) {
  const { client, mayOperate, tell } = useControl();
  const styles = useStyles2(look);
  const [isAsking, setAsking] = useState(false);
  const [isSending, setSending] = useState(false);
  const [failure, setFailure] = useState<ReturnType<typeof problemOf>>();
  const { severity, behavior, owasp, reason, feedback, id } = incident;
  const confirm = async () => {
    setSending(true);
    setFailure(undefined);
    try {
      await client.feedback(id, { verdict: 'confirmed' }, false);
      tell('Confirmed as real. What happened in it is not learned from.');
      onChanged();
    } catch (error) {
      setFailure(problemOf(error, 'POST feedback'));
    } finally {
      setSending(false);
    }
  };
  return (
    <>
      <div className={styles.wrap}>
        <h2 className={`${styles.sentence} ${styles.grow}`} style={{ minWidth: 260 }}>
          {reason}
        </h2>
        {mayOperate && (
          <>
            <Button variant="secondary" onClick={() => setAsking(true)}>
              False alarm…
            </Button>
            <Button icon="check" disabled={isSending || feedback === 'confirmed'} onClick={() => void confirm()}>
              {feedback === 'confirmed' ? 'Confirmed as real' : 'Confirm as real'}
            </Button>
          </>
        )}
      </div>
      <div className={styles.wrap}>
        <SeverityBadge severity={severity} />
        <span className={styles.strong}>{behaviorInWords(behavior)}</span>
        {owasp !== null &&
          (owaspUrl(owasp) === undefined ? (
            <span className={styles.small}>{owaspInWords(owasp)}</span>
          ) : (
            <TextLink href={owaspUrl(owasp)!} external variant="bodySmall">
              {owaspInWords(owasp)}
            </TextLink>
          ))}
        <FeedbackBadge feedback={feedback} />
      </div>
      {!mayOperate && <RoleNote what="Marking" role="Editor" />}
      {failure !== undefined && (
        <CardProblem problem={failure} needs={{ what: 'Marking', role: 'Editor' }} onRetry={() => void confirm()} />
      )}
      {isAsking && (
        <FalseAlarm
          incident={incident}
          onClose={() => setAsking(false)}
          onDone={() => {
            setAsking(false);
            onChanged();
          }}
        />
      )}
    </>
  );
}

function Facts({ incident }: { readonly incident: FullIncident }) {
  const { goTo, nowMs, timeZone, width } = useControl();
  const styles = useStyles2(look);
  const { kind, entity, endpoint, service, start, last, open, score, anomalies, model_version: model } = incident;
  const [startMs, endMs] = [Date.parse(start), open ? nowMs : Date.parse(last)];
  return (
    <div
      className={styles.facts}
      style={{ gridTemplateColumns: `repeat(${width >= 900 ? 5 : width >= 600 ? 4 : 2}, minmax(0, 1fr))` }}
    >
      <div>
        <div className={styles.muted}>Who</div>
        {kind === 'user' ? (
          <button type="button" className={styles.link} onClick={() => goTo({ tab: 'users', user: entity })}>
            <span className={styles.mono}>{format.shortName(entity)}</span>
          </button>
        ) : kind === 'address' ? (
          <EntityName kind={kind} entity={entity} />
        ) : (
          'everybody who calls it'
        )}
        <div className={styles.muted}>
          {kind === 'user' ? 'a user' : kind === 'address' ? 'a client address' : 'an endpoint'}
        </div>
      </div>
      <div>
        <div className={styles.muted}>Where</div>
        <button
          type="button"
          className={`${styles.link} ${styles.cut}`}
          style={{ maxWidth: '100%' }}
          title={endpoint}
          onClick={() => goTo({ tab: 'endpoints', search: endpoint })}
        >
          <span className={styles.mono}>{endpoint}</span>
        </button>
        <div className={styles.muted}>{service}</div>
      </div>
      <div>
        <div className={styles.muted}>When</div>
        <div>
          {format.moment(startMs, timeZone)} to {open ? 'now' : format.moment(endMs, timeZone)}
        </div>
        <div className={styles.muted}>
          {format.duration(endMs - startMs)}, {open ? 'still going' : 'ended'}
        </div>
      </div>
      <div>
        <div className={styles.muted}>Score</div>
        <div>{format.score(score)}</div>
        <div className={styles.muted}>{oddsInWords(score)}</div>
      </div>
      <div>
        <div className={styles.muted}>Anomalies</div>
        <div>{format.count(anomalies)}</div>
        <div className={styles.muted}>flagged by model {model}</div>
      </div>
    </div>
  );
}
