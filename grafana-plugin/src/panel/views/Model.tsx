/** The model: which one scores, training, versions with their gates, and how much is flagged. */
import { Button, LoadingBar, useStyles2 } from '@grafana/ui';
import React, { useState } from 'react';
import type { Job, Model } from '../../control/answers';
import { testIds } from '../../testIds';
import { useControl } from '../control';
import { Fact, Warning } from '../Fact';
import * as format from '../format';
import { look } from '../look';
import { CardProblem, Learning, RoleNote } from '../states';
import { useLoaded } from '../useLoaded';
import { AlertBudget } from './AlertBudget';
import { Comparison } from './Comparison';
import { MUCH_DRIFT } from './QualityStrip';
import { TrainDialog } from './TrainDialog';
import { Training } from './Training';
import { Versions } from './Versions';

const EVERY_MS = 10_000;

export function ModelView() {
  const { client, status, mayOperate, width, timeZone } = useControl();
  const styles = useStyles2(look);
  const models = useLoaded('models', (signal) => client.models(signal), { everyMs: EVERY_MS });
  const [selected, setSelected] = useState<string>();
  const [isAsking, setAsking] = useState(false);
  const [job, setJob] = useState<Job>();
  const versions = models.value?.items ?? [];
  const active = versions.find(({ state }) => state === 'active');
  const shadow = versions.find(({ state }) => state === 'shadow');
  const running = status.value?.learning.training ?? null;
  const isLearning = status.value !== undefined && status.value.model === null && versions.length === 0;
  const shown = versions.find(({ version }) => version === selected) ?? shadow ?? versions[0];
  const reload = () => {
    models.reload();
    status.reload();
  };
  const ask = mayOperate ? () => setAsking(true) : undefined;
  const dialogs = (
    <>
      {isAsking && (
        <TrainDialog
          onClose={() => setAsking(false)}
          onStarted={(started) => {
            setAsking(false);
            setJob(started);
          }}
        />
      )}
      {job !== undefined && (
        <Training
          job={job}
          onClose={() => {
            setJob(undefined);
            reload();
          }}
        />
      )}
    </>
  );
  if (isLearning) {
    return (
      <>
        <Learning status={status.value!} onUpload={ask} />
        {dialogs}
      </>
    );
  }
  const drift = status.value?.drift ?? null;
  const showRunning = async () => running !== null && setJob(await client.job(running));
  return (
    <>
      {models.isLoading && models.value === undefined && <LoadingBar width={width} />}
      <section
        className={styles.strip}
        style={{ gridTemplateColumns: `repeat(${width >= 600 ? 3 : 1}, minmax(0, 1fr)) auto` }}
        aria-label="Model now"
        data-testid={testIds.panel.model}
      >
        <Fact label="Scoring now" value={active?.version ?? status.value?.model?.version ?? '–'}>
          {active !== undefined && dataOf(active, timeZone)}
        </Fact>
        <Fact label="In shadow" value={shadow?.version ?? 'none'}>
          {shadow !== undefined && agreementOf(shadow)}
        </Fact>
        <Fact label="Drift since training" value={drift === null ? '–' : format.score(drift)}>
          {drift === null ? (
            'not known yet'
          ) : drift < MUCH_DRIFT ? (
            `steady, limit ${format.score(MUCH_DRIFT)}`
          ) : (
            <Warning>traffic has changed</Warning>
          )}
        </Fact>
        <div className={styles.row}>
          {running !== null && (
            <Button variant="secondary" icon="sync" onClick={() => void showRunning()}>
              Training now…
            </Button>
          )}
          {running === null && ask !== undefined && <Button onClick={ask}>Train…</Button>}
        </div>
      </section>
      {!mayOperate && <RoleNote what="Training and the alert budget" role="Editor" />}
      <div
        className={styles.columns}
        // As high as what is in it; the body scrolls.
        style={{
          gridTemplateColumns: width >= 1100 ? 'minmax(0, 7fr) minmax(0, 4fr)' : undefined,
          flex: '1 0 auto',
          minHeight: 'auto',
        }}
      >
        <div className={styles.column}>
          {models.problem !== undefined && (
            <section className={styles.card}>
              <CardProblem problem={models.problem} onRetry={models.reload} />
            </section>
          )}
          {models.value !== undefined && (
            <Versions models={versions} selected={shown?.version} onSelect={setSelected} onChanged={reload} />
          )}
          {shown !== undefined && <Comparison model={shown} active={active} />}
        </div>
        <AlertBudget />
      </div>
      {dialogs}
    </>
  );
}

function dataOf({ measures, from, to }: Model, timeZone: string): string {
  const rows = sum(measures['rows']);
  const users = Number(Reflect.get(Object(measures['entities']), 'user') ?? 0);
  const days =
    from === null || to === null
      ? ''
      : `, ${format.time(Date.parse(from), timeZone, 'D MMM')} to ${format.time(Date.parse(to), timeZone, 'D MMM')}`;
  return `${format.count(rows)} rows, ${format.count(users)} users${days}`;
}

export function sum(counts: unknown): number {
  const values = Object.values(Object(counts) as Record<string, unknown>);
  return values.reduce<number>((total, value) => total + (typeof value === 'number' ? value : 0), 0);
}

/** What was counted beside the active model. */
function agreementOf({ measures }: Model): string {
  const agreement = Object(measures['agreement']) as { readonly windows?: number; readonly agreement?: number };
  return typeof agreement.agreement === 'number'
    ? `same verdict on ${format.percent(agreement.agreement)} of ${format.count(agreement.windows ?? 0)} windows`
    : 'nothing compared yet';
}
