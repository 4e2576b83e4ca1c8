/** A training under way: how far it is, and how it ended. */
import { Alert, Button, Icon, Modal, useStyles2 } from '@grafana/ui';
import React, { useState } from 'react';
import type { Job, JobState } from '../../control/answers';
import { problemOf, type ControlProblem } from '../../control/problem';
import { gateInWords, stageInWords } from '../../control/words';
import { testIds } from '../../testIds';
import { useControl } from '../control';
import * as format from '../format';
import { look } from '../look';
import { CardProblem, Progress } from '../states';
import { useLoaded } from '../useLoaded';

const EVERY_MS = 1000;

const ENDED: Readonly<Record<Exclude<JobState, 'running'>, string>> = {
  succeeded: 'Trained',
  rejected: 'Trained, and not all gates passed: it is kept and does not score',
  failed: 'The training failed',
  cancelled: 'The training was cancelled',
  interrupted: 'The processor stopped while it ran; train again',
};

export function Training({ job, onClose }: { readonly job: Job; readonly onClose: () => void }) {
  const { client, mayOperate, status } = useControl();
  const styles = useStyles2(look);
  const [hasEnded, setEnded] = useState(job.state !== 'running');
  const [failure, setFailure] = useState<ControlProblem>();
  const loaded = useLoaded(
    `job ${job.id}`,
    async (signal) => {
      const now = await client.job(job.id, signal);
      setEnded(now.state !== 'running');
      return now;
    },
    hasEnded ? {} : { everyMs: EVERY_MS },
  );
  const now = loaded.value ?? job;
  const { state, stage, progress, eta_seconds: eta, model_version: model, error, gates } = now;
  const isRunning = state === 'running';
  // Said at most every ten percent.
  const said = isRunning ? `${stageInWords(stage)}, ${10 * Math.floor(10 * progress)} %` : ENDED[state];
  const cancel = async () => {
    try {
      await client.cancelJob(job.id);
      loaded.reload();
    } catch (caught) {
      setFailure(problemOf(caught, 'DELETE job'));
    }
  };
  const isGood = state === 'succeeded';
  return (
    <Modal isOpen title={model === null ? 'Training' : `Training ${model}`} onDismiss={onClose}>
      <div className={styles.column} style={{ gap: 16 }} data-testid={testIds.panel.training}>
        <div className={styles.hidden} role="status">
          {said}
        </div>
        {isRunning ? (
          <>
            <div className={styles.row}>
              <span className={styles.strong}>
                {stageInWords(stage)}, {Math.round(100 * progress)} %
              </span>
              <span className={`${styles.secondary} ${styles.push}`}>
                {eta === null ? '' : `about ${format.duration(1000 * eta)} left`}
              </span>
            </div>
            <Progress label="Training" value={progress} />
            <p className={styles.muted} style={{ margin: 0 }}>
              {status.value?.model ? `${status.value.model.version} keeps scoring meanwhile. ` : ''}You can close this;
              the job goes on.
            </p>
          </>
        ) : (
          <Alert
            severity={isGood ? 'success' : state === 'failed' ? 'error' : 'warning'}
            title={isGood && model !== null ? `Trained ${model}` : ENDED[state]}
            topSpacing={0}
            bottomSpacing={0}
          >
            {error}
          </Alert>
        )}
        {gates.length > 0 && (
          <ul style={{ listStyle: 'none', margin: 0 }}>
            {gates.map(({ gate, passed, detail }) => (
              <li key={gate} title={detail}>
                <Icon
                  name={passed ? 'check-circle' : 'times-circle'}
                  className={passed ? styles.success : styles.error}
                  title={passed ? 'Passed' : 'Failed'}
                />{' '}
                {gateInWords(gate)}
              </li>
            ))}
          </ul>
        )}
        {loaded.problem !== undefined && <CardProblem problem={loaded.problem} onRetry={loaded.reload} />}
        {failure !== undefined && (
          <CardProblem problem={failure} needs={{ what: 'Cancelling', role: 'Editor' }} onRetry={() => void cancel()} />
        )}
      </div>
      <Modal.ButtonRow>
        {isRunning && mayOperate && (
          <Button variant="destructive" fill="outline" onClick={() => void cancel()}>
            Cancel training
          </Button>
        )}
        <Button variant="secondary" onClick={onClose}>
          Close
        </Button>
      </Modal.ButtonRow>
    </Modal>
  );
}
