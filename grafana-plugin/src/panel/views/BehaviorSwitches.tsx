/** Which behaviours are flagged: one switch each, for who may operate; for others which are off. */
import { Button, InlineSwitch, useStyles2 } from '@grafana/ui';
import React, { useState } from 'react';
import type { Sensitivity } from '../../control/answers';
import { type ControlProblem, problemOf } from '../../control/problem';
import { behaviorInWords } from '../../control/words';
import { testIds } from '../../testIds';
import { useControl } from '../control';
import { look } from '../look';
import { CardProblem } from '../states';

const PREFIX = 'behaviors.';

interface Props {
  readonly sensitivity: Sensitivity;
  readonly onChanged: () => void;
}

export function BehaviorSwitches({ sensitivity, onChanged }: Props) {
  const { client, mayOperate, tell } = useControl();
  const styles = useStyles2(look);
  const [isOpen, setOpen] = useState(false);
  const [sending, setSending] = useState<string>();
  const [failure, setFailure] = useState<ControlProblem>();
  const switches = sensitivity.options
    .filter(({ key }) => typeof key === 'string' && key.startsWith(PREFIX))
    .map(({ key, value, source }) => ({ name: key.slice(PREFIX.length), isOn: value === true, source }));
  const off = switches.filter(({ isOn }) => !isOn).map(({ name }) => behaviorInWords(name));
  const change = async (name: string, value: boolean | null) => {
    await client.setSensitivity({ behaviors: { [name]: value } });
    onChanged();
  };
  const turn = async (name: string, isOn: boolean | null, before: boolean | null) => {
    setFailure(undefined);
    setSending(name);
    try {
      await change(name, isOn);
      const doing =
        isOn === null ? 'as the configuration file says again' : isOn ? 'flagged again' : 'not flagged any more';
      tell(`${behaviorInWords(name)} is ${doing}.`, () => change(name, before));
    } catch (error) {
      setFailure(problemOf(error, 'PUT sensitivity'));
    } finally {
      setSending(undefined);
    }
  };
  return (
    <div className={styles.pad} data-testid={testIds.panel.behaviors}>
      <div className={styles.row}>
        <Button
          size="sm"
          fill="text"
          icon={isOpen ? 'angle-down' : 'angle-right'}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          By behaviour
        </Button>
        <span className={styles.muted}>{off.length === 0 ? 'all are flagged' : `${off.join(', ')} off`}</span>
      </div>
      {failure !== undefined && (
        <CardProblem
          problem={failure}
          needs={{ what: 'Turning a behaviour on or off', role: 'Editor' }}
          onRetry={() => setFailure(undefined)}
        />
      )}
      {isOpen && (
        <ul className={styles.column} style={{ listStyle: 'none', margin: 0, gap: 4 }}>
          {switches.map(({ name, isOn, source }) => {
            const before = source === 'settings' ? isOn : null;
            return (
              <li key={name} className={styles.row} style={{ minHeight: 32 }}>
                {mayOperate && (
                  <InlineSwitch
                    transparent
                    aria-label={behaviorInWords(name)}
                    value={isOn}
                    disabled={sending !== undefined}
                    onChange={({ currentTarget }) => void turn(name, currentTarget.checked, before)}
                  />
                )}
                <span>{behaviorInWords(name)}</span>
                <span className={styles.muted}>{isOn ? '' : 'is scored, not flagged'}</span>
                {source === 'settings' && (
                  <span className={`${styles.muted} ${styles.push}`}>
                    set here{' '}
                    {mayOperate && (
                      <button
                        type="button"
                        className={styles.link}
                        aria-label={`Reset ${behaviorInWords(name)}`}
                        onClick={() => void turn(name, null, isOn)}
                      >
                        Reset
                      </button>
                    )}
                  </span>
                )}
              </li>
            );
          })}
        </ul>
      )}
    </div>
  );
}
