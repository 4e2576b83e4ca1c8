/** Says that an incident was a false alarm: for whom it is not to be flagged again, until when, and what that would change. */
import { Button, Combobox, Field, Icon, Input, Modal, RadioButtonList, Spinner, useStyles2 } from '@grafana/ui';
import React, { useState } from 'react';
import type { FeedbackOrder, FullIncident, Scope } from '../../control/answers';
import { problemOf } from '../../control/problem';
import { behaviorInWords } from '../../control/words';
import { testIds } from '../../testIds';
import { useControl } from '../control';
import * as format from '../format';
import { look } from '../look';
import { CardProblem } from '../states';
import { useLoaded } from '../useLoaded';

const DAY_MS = 86_400_000;

interface Props {
  readonly incident: FullIncident;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

export function FalseAlarm({ incident, onClose, onDone }: Props) {
  const { client, tell, timeZone } = useControl();
  const styles = useStyles2(look);
  const scopes = scopesOf(incident);
  const [chosen, setChosen] = useState('0');
  const [days, setDays] = useState(30);
  const [note, setNote] = useState('');
  const [openedMs] = useState(() => Date.now());
  const [isSending, setSending] = useState(false);
  const [failure, setFailure] = useState<ReturnType<typeof problemOf>>();
  const { scope } = scopes[Number(chosen)]!;
  const expires = new Date(openedMs + days * DAY_MS).toISOString();
  const order: FeedbackOrder = { verdict: 'false_positive', scope, expires };
  const preview = useLoaded(`feedback ${incident.id} ${JSON.stringify(order)}`, (signal) =>
    client.feedback(incident.id, order, true, signal),
  );
  const effect = preview.value?.preview;
  const send = async () => {
    setSending(true);
    setFailure(undefined);
    try {
      const { exclusion } = await client.feedback(incident.id, { ...order, note }, false);
      const id = exclusion?.id ?? null;
      tell('Marked as a false alarm.', id === null ? undefined : () => client.endExclusion(id));
      onDone();
    } catch (error) {
      setFailure(problemOf(error, 'POST feedback'));
      setSending(false);
    }
  };
  return (
    <Modal isOpen title="Mark as false alarm" onDismiss={onClose}>
      <div className={styles.column} style={{ gap: 16 }} data-testid={testIds.panel.falseAlarm}>
        <Field noMargin label={`Stop flagging ${behaviorInWords(incident.behavior).toLowerCase()} for`}>
          <RadioButtonList
            name="anomaly-scope"
            options={scopes.map(({ label }, index) => ({ value: String(index), label }))}
            value={chosen}
            onChange={setChosen}
          />
        </Field>
        <Field noMargin label="Until" htmlFor="anomaly-until">
          <Combobox
            id="anomaly-until"
            options={[7, 30, 90, 365].map((value) => ({
              value,
              label: `${format.time(openedMs + value * DAY_MS, timeZone, 'D MMM YYYY')}, in ${value} days`,
            }))}
            value={days}
            onChange={({ value }) => setDays(value)}
          />
        </Field>
        <div className={styles.code} role="status" style={{ fontFamily: 'inherit' }}>
          {preview.problem !== undefined && (
            <CardProblem
              problem={preview.problem}
              needs={{ what: 'Marking', role: 'Editor' }}
              onRetry={preview.reload}
            />
          )}
          {preview.problem === undefined && effect === undefined && (
            <>
              <Spinner inline /> Checking what this would change …
            </>
          )}
          {effect !== undefined && (
            <>
              <div className={styles.strong}>Checked against the last {format.measure(effect.over_days, '1')} days</div>
              <div>{effect.sentence}</div>
              {effect.hidden_confirmed > 0 ? (
                <div className={styles.warning}>
                  <Icon name="exclamation-triangle" /> {effect.hidden_confirmed} marked as real would be hidden
                </div>
              ) : (
                <div>
                  <Icon name="check" className={styles.success} /> No incident marked real would be lost
                </div>
              )}
              {scope.behavior !== undefined && (
                <div className={styles.secondary}>Other behaviours are still flagged</div>
              )}
            </>
          )}
        </div>
        <Field
          noMargin
          label="Why"
          htmlFor="anomaly-note"
          description="Kept in the audit log; put no personal data here. Optional."
        >
          <Input
            id="anomaly-note"
            maxLength={1000}
            value={note}
            onChange={({ currentTarget }) => setNote(currentTarget.value)}
          />
        </Field>
        {failure !== undefined && (
          <CardProblem problem={failure} needs={{ what: 'Marking', role: 'Editor' }} onRetry={() => void send()} />
        )}
      </div>
      <Modal.ButtonRow>
        <Button variant="secondary" fill="outline" onClick={onClose}>
          Cancel
        </Button>
        <Button disabled={effect === undefined || isSending} onClick={() => void send()}>
          Mark as false alarm
        </Button>
      </Modal.ButtonRow>
    </Modal>
  );
}

/** From the narrowest on. */
function scopesOf({
  kind,
  entity,
  endpoint,
  behavior,
}: FullIncident): Array<{ readonly label: string; readonly scope: Scope }> {
  const who = format.shortName(entity);
  if (kind === 'endpoint') {
    return [{ label: entity, scope: { entity, behavior } }];
  }
  return [
    { label: `${who} on ${endpoint}`, scope: { entity, endpoint, behavior } },
    { label: `${who} on every endpoint`, scope: { entity, behavior } },
    { label: `everybody on ${endpoint}`, scope: { endpoint, behavior } },
  ];
}
