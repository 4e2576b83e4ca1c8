/** How many false incidents a day are taken into account, and what another number would have meant. */
import { Button, Input, Slider, Spinner, useStyles2 } from '@grafana/ui';
import React, { useEffect, useState } from 'react';
import type { BacktestReport, Job } from '../../control/answers';
import type { ControlClient } from '../../control/client';
import { ControlProblem, problemOf } from '../../control/problem';
import { testIds } from '../../testIds';
import { useControl } from '../control';
import * as format from '../format';
import { look } from '../look';
import { CardProblem } from '../states';
import { useLoaded } from '../useLoaded';
import { BehaviorSwitches } from './BehaviorSwitches';
import { BudgetPreview } from './BudgetPreview';

const STEPS = [0.5, 1, 2, 3, 4, 5, 7, 10, 12, 15, 20, 25, 35, 50, 100] as const;
const PAUSE_MS = 500;
const LOOK_AGAIN_MS = 300;
const PATIENCE_MS = 120_000;

export function AlertBudget() {
  const { client, mayOperate, tell } = useControl();
  const styles = useStyles2(look);
  const loaded = useLoaded('sensitivity', (signal) => client.sensitivity(signal));
  const option = loaded.value?.options.find(({ key }) => key === 'false_incidents_per_day');
  const now = typeof option?.value === 'number' ? option.value : undefined;
  const [wanted, setWanted] = useState<number>();
  const [failure, setFailure] = useState<ControlProblem>();
  const budget = wanted ?? now;
  const asked = useSettled(wanted !== undefined && wanted !== now ? wanted : undefined);
  const preview = useLoaded(
    `backtest ${asked ?? ''}`,
    asked === undefined || !mayOperate ? undefined : (signal) => backtested(client, asked, signal),
    { keep: true },
  );
  const report = asked === undefined ? undefined : preview.value;
  const isWaiting = wanted !== undefined && wanted !== now && (asked !== wanted || preview.isLoading);
  const apply = async (value: number | null) => {
    setFailure(undefined);
    const before = option?.source === 'settings' ? (now ?? null) : null;
    try {
      await client.setSensitivity({ false_incidents_per_day: value });
      tell(
        value === null
          ? 'The budget is the configuration file’s again.'
          : `The budget is ${format.measure(value, '1')} a day.`,
        async () => {
          await client.setSensitivity({ false_incidents_per_day: before });
          loaded.reload();
        },
      );
      setWanted(undefined);
      loaded.reload();
    } catch (error) {
      setFailure(problemOf(error, 'PUT sensitivity'));
    }
  };
  return (
    <section className={styles.card} data-testid={testIds.panel.budget} aria-label="Alert budget">
      <div className={styles.head}>
        <h3>Alert budget</h3>
        <span className={styles.muted}>false incidents a day</span>
        {isWaiting && mayOperate && <Spinner inline size="sm" />}
      </div>
      {loaded.problem !== undefined && <CardProblem problem={loaded.problem} onRetry={loaded.reload} />}
      {now !== undefined && budget !== undefined && (
        <div className={`${styles.column} ${styles.pad}`} style={{ gap: 12 }}>
          {mayOperate && (
            <div className={styles.row} style={{ gap: 16 }}>
              <div className={styles.grow}>
                <Slider
                  min={0}
                  max={STEPS.length - 1}
                  step={1}
                  showInput={false}
                  included
                  ariaLabelForHandle="False incidents a day, in steps"
                  value={nearestStep(budget)}
                  formatTooltipResult={(step) => STEPS[step] ?? step}
                  onChange={(step) => setWanted(STEPS[step])}
                />
              </div>
              <Input
                aria-label="False incidents a day"
                type="number"
                min={0.01}
                max={10_000}
                step="any"
                width={10}
                value={String(budget)}
                onChange={({ currentTarget: { valueAsNumber } }) => {
                  if (valueAsNumber >= 0.01 && valueAsNumber <= 10_000) {
                    setWanted(valueAsNumber);
                  }
                }}
              />
            </div>
          )}
          <div className={styles.row}>
            <span className={styles.value}>{format.measure(now, '1')} a day now</span>
            {budget !== now && <span className={styles.value}>→ {format.measure(budget, '1')} a day</span>}
            <span className={`${styles.muted} ${styles.push}`}>
              {option?.source === 'settings' ? 'set here' : 'from the configuration file'}
            </span>
          </div>
          {preview.problem !== undefined && asked !== undefined && (
            <CardProblem
              problem={preview.problem}
              needs={{ what: 'A backtest', role: 'Editor' }}
              onRetry={preview.reload}
            />
          )}
          {report !== undefined && (
            <div className={isWaiting ? styles.dimmed : undefined} aria-busy={isWaiting}>
              <BudgetPreview report={report} steps={STEPS} onUse={setWanted} budget={budget} now={now} />
            </div>
          )}
          {failure !== undefined && (
            <CardProblem
              problem={failure}
              needs={{ what: 'The alert budget', role: 'Editor' }}
              onRetry={() => setFailure(undefined)}
            />
          )}
          {report === undefined && (
            <p className={styles.secondary}>
              A budget is what is expected, not a cap: quiet days stay quiet, and a bad day is shown whole.
            </p>
          )}
          {mayOperate && (
            <div className={styles.row} style={{ justifyContent: 'flex-end' }}>
              {option?.source === 'settings' && (
                <Button variant="secondary" fill="text" onClick={() => void apply(null)}>
                  Reset
                </Button>
              )}
              <Button disabled={budget === now || isWaiting} onClick={() => void apply(budget)}>
                Apply {format.measure(budget, '1')} a day
              </Button>
            </div>
          )}
        </div>
      )}
      {loaded.value !== undefined && <BehaviorSwitches sensitivity={loaded.value} onChanged={loaded.reload} />}
    </section>
  );
}

/** A value that has not changed for a moment. */
function useSettled(value: number | undefined): number | undefined {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

function nearestStep(budget: number): number {
  let nearest = 0;
  for (const [step, value] of STEPS.entries()) {
    if (Math.abs(Math.log(value / budget)) < Math.abs(Math.log(STEPS[nearest]! / budget))) {
      nearest = step;
    }
  }
  return nearest;
}

/** Waits for the backtest to end. Where another one is under way, for that first. */
async function backtested(client: ControlClient, budget: number, signal: AbortSignal): Promise<BacktestReport> {
  const untilMs = Date.now() + PATIENCE_MS;
  let job: Job | undefined;
  while (Date.now() < untilMs && !signal.aborted) {
    if (job === undefined) {
      try {
        job = await client.backtest({ budget }, signal);
      } catch (error) {
        if (problemOf(error, 'POST backtest').kind !== 'busy') {
          throw error;
        }
      }
    } else {
      job = await client.job(job.id, signal);
    }
    if (job !== undefined && job.state !== 'running') {
      if (job.state === 'succeeded') {
        return job.result as BacktestReport;
      }
      throw new ControlProblem('refused', job.error ?? `The backtest was ${job.state}.`, {
        call: 'POST /api/v1/backtest',
      });
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  throw new ControlProblem('busy', 'The backtest takes longer than two minutes. Look at the jobs.', {
    call: 'POST /api/v1/backtest',
  });
}
