/** Versions with their state and gates; promote, roll back, run beside, delete. */
import { ConfirmModal, Dropdown, IconButton, Icon, Button, Menu, useStyles2 } from '@grafana/ui';
import React, { useState } from 'react';
import type { Model } from '../../control/answers';
import { problemOf, type ControlProblem } from '../../control/problem';
import { gateInWords } from '../../control/words';
import { testIds } from '../../testIds';
import { StateBadge } from '../badges';
import { useControl } from '../control';
import * as format from '../format';
import { look } from '../look';
import { CardProblem, RoleNote } from '../states';

type Act = 'promote' | 'roll back' | 'shadow' | 'delete';

interface Props {
  /** Newest first. */
  readonly models: readonly Model[];
  readonly selected: string | undefined;
  readonly onSelect: (version: string) => void;
  readonly onChanged: () => void;
}

export function Versions({ models, selected, onSelect, onChanged }: Props) {
  const { client, mayAdminister, tell, timeZone, width } = useControl();
  const styles = useStyles2(look);
  const [asked, setAsked] = useState<{ readonly act: Act; readonly model: Model }>();
  const [failure, setFailure] = useState<ControlProblem>();
  const active = models.find(({ state }) => state === 'active');
  const perform = async ({ act, model: { version } }: NonNullable<typeof asked>) => {
    setFailure(undefined);
    try {
      if (act === 'delete') {
        await client.deleteModel(version);
      } else {
        await client.activate(version, act === 'shadow' ? 'shadow' : 'active');
      }
      const before = active?.version;
      const undo =
        act === 'promote' && before !== undefined
          ? async () => void (await client.activate(before, 'active'))
          : undefined;
      tell(DONE[act](version), undo);
    } catch (error) {
      setFailure(problemOf(error, act));
    }
    setAsked(undefined);
    onChanged();
  };
  return (
    <section className={styles.card} data-testid={testIds.panel.versions} aria-label="Versions">
      <div className={styles.head}>
        <h3>Versions</h3>
        <span className={styles.muted}>{models.length} kept</span>
      </div>
      {failure !== undefined && (
        <CardProblem
          problem={failure}
          needs={{ what: 'Promoting and rolling back', role: 'Admin' }}
          onRetry={() => setFailure(undefined)}
        />
      )}
      <div style={{ overflow: 'auto', maxHeight: 300 }} tabIndex={0} role="group" aria-label="List of versions">
        <table className={styles.table}>
          <thead>
            <tr>
              <th>Version</th>
              <th>State</th>
              <th>Trained</th>
              {width >= 600 && <th>Data</th>}
              <th>Gates</th>
              {mayAdminister && (
                <th>
                  <span className={styles.hidden}>Actions</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {models.map((model) => {
              const { version, state, created, from, to, gates } = model;
              const failed = gates.filter(({ passed }) => !passed);
              const day = (text: string | null) => (text === null ? '?' : format.moment(Date.parse(text), timeZone));
              const main: Act | undefined =
                state === 'shadow' || state === 'candidate' ? 'promote' : state === 'retired' ? 'roll back' : undefined;
              return (
                <tr
                  key={version}
                  aria-current={version === selected ? 'true' : undefined}
                  style={version === selected ? SELECTED : undefined}
                >
                  <td>
                    <button type="button" className={styles.link} onClick={() => onSelect(version)}>
                      {version}
                    </button>
                  </td>
                  <td>
                    <StateBadge state={state} />
                  </td>
                  <td>{format.moment(Date.parse(created), timeZone)}</td>
                  {width >= 600 && (
                    <td className={styles.muted}>
                      {day(from)} to {day(to)}
                    </td>
                  )}
                  <td>
                    <Icon
                      name={failed.length === 0 ? 'check' : 'times-circle'}
                      className={failed.length === 0 ? styles.success : styles.error}
                    />{' '}
                    {gates.length - failed.length} of {gates.length}{' '}
                    <span className={styles.muted}>
                      {failed.map(({ gate }) => gateInWords(gate).toLowerCase()).join(', ')}
                    </span>
                  </td>
                  {mayAdminister && (
                    <td>
                      <div className={styles.row} style={{ justifyContent: 'flex-end' }}>
                        {main !== undefined && (
                          <Button size="sm" variant="secondary" onClick={() => setAsked({ act: main, model })}>
                            {main === 'promote' ? 'Promote…' : 'Roll back…'}
                          </Button>
                        )}
                        {state !== 'active' && (
                          <Dropdown
                            placement="bottom-end"
                            overlay={
                              <Menu>
                                {state !== 'shadow' && (
                                  <Menu.Item
                                    label="Run in shadow…"
                                    icon="eye"
                                    onClick={() => setAsked({ act: 'shadow', model })}
                                  />
                                )}
                                {state === 'rejected' && (
                                  <Menu.Item
                                    label="Promote anyway…"
                                    icon="check"
                                    onClick={() => setAsked({ act: 'promote', model })}
                                  />
                                )}
                                <Menu.Item
                                  label="Delete…"
                                  icon="trash-alt"
                                  destructive
                                  onClick={() => setAsked({ act: 'delete', model })}
                                />
                              </Menu>
                            }
                          >
                            <IconButton name="ellipsis-v" aria-label={`More about ${version}`} />
                          </Dropdown>
                        )}
                      </div>
                    </td>
                  )}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {!mayAdminister && (
        <div className={styles.pad}>
          <RoleNote what="Promoting and rolling back" role="Admin" />
        </div>
      )}
      {asked !== undefined && (
        <ConfirmModal
          isOpen
          title={TITLE[asked.act](asked.model.version)}
          body={EFFECT[asked.act](active?.version)}
          confirmText={CONFIRM[asked.act]}
          confirmVariant={asked.act === 'delete' ? 'destructive' : 'primary'}
          onConfirm={() => perform(asked)}
          onDismiss={() => setAsked(undefined)}
        />
      )}
    </section>
  );
}

const SELECTED = { boxShadow: 'inset 2px 0 0 #ff9830' };

const CONFIRM: Readonly<Record<Act, string>> = {
  promote: 'Promote',
  'roll back': 'Roll back',
  shadow: 'Run in shadow',
  delete: 'Delete',
};
const TITLE: Readonly<Record<Act, (version: string) => string>> = {
  promote: (version) => `Promote ${version}?`,
  'roll back': (version) => `Roll back to ${version}?`,
  shadow: (version) => `Run ${version} in shadow?`,
  delete: (version) => `Delete ${version}?`,
};
const EFFECT: Readonly<Record<Act, (active: string | undefined) => string>> = {
  promote: (active) =>
    `It scores from the next request on${active === undefined ? '' : `; ${active} is kept, and you can roll back to it`}.`,
  'roll back': (active) =>
    `It scores again from the next request on${active === undefined ? '' : `; ${active} is kept`}.`,
  shadow: (active) =>
    `It judges everything beside ${active ?? 'the active one'} and is compared with it; nothing is flagged by it.`,
  delete: () => 'Its file is removed. This cannot be undone.',
};
const DONE: Readonly<Record<Act, (version: string) => string>> = {
  promote: (version) => `${version} scores now.`,
  'roll back': (version) => `${version} scores again.`,
  shadow: (version) => `${version} runs in shadow.`,
  delete: (version) => `${version} is deleted.`,
};
