/** What is shown instead of data: each says what happened and what to do. */
import { Alert, Button, ClipboardButton, LinkButton, LoadingPlaceholder, TextLink, useStyles2 } from '@grafana/ui';
import React, { useEffect, useState } from 'react';
import type { Status } from '../control/answers';
import type { ControlProblem, ProblemKind } from '../control/problem';
import { testIds } from '../testIds';
import { MUCH_SKEW_MS, skewOf } from './clock';
import * as format from './format';
import { look } from './look';

const TITLES: Readonly<Record<ProblemKind, string>> = {
  unreachable: 'The processor does not answer',
  token: 'The processor refused the token',
  forbidden: 'This is not allowed',
  missing: 'The processor is too old for this',
  gone: 'It is not there any more',
  busy: 'The processor is busy',
  garbled: 'What answers is no processor',
  refused: 'The processor refused the request',
};

interface ProblemProps {
  readonly problem: ControlProblem;
  readonly dataSource: { readonly uid: string; readonly name: string };
  readonly onRetry: () => void;
}

/** A problem with its next steps. */
export function ProblemView({ problem, dataSource, onRetry }: ProblemProps) {
  const styles = useStyles2(look);
  const settings = `/connections/datasources/edit/${dataSource.uid}`;
  const settingsLink = (
    <TextLink href={settings} inline>
      {`Data source “${dataSource.name}”`}
    </TextLink>
  );
  const steps: Readonly<Partial<Record<ProblemKind, React.ReactNode[]>>> = {
    unreachable: [
      <>
        Is it running? <code>curl http://processor:8000/health</code>
      </>,
      <>Is the address right? {settingsLink}</>,
    ],
    token: [
      'Get a token from whoever runs the processor: tokens/viewer in its data folder to read.',
      <>Put it into {settingsLink}, then Save &amp; test.</>,
    ],
    missing: ['Update the processor to the version of this plugin or a newer one.'],
    garbled: [
      <>Is the address right? {settingsLink}</>,
      'Is the processor of the version of this plugin, and nothing between them that changes answers?',
    ],
    forbidden: ['Ask an Editor or an Admin of this organisation.'],
  };
  const shown = steps[problem.kind] ?? [];
  const report = `${dataSource.name}, ${problem.status === 0 ? problem.kind : problem.status} on ${problem.call}`;
  return (
    <div className={`${styles.column} ${styles.whole}`} data-testid={testIds.panel.problem}>
      <div>
        <Alert severity="error" title={TITLES[problem.kind]} topSpacing={0} bottomSpacing={0}>
          {problem.message}
        </Alert>
      </div>
      {shown.length > 0 && (
        <ol style={{ margin: 0, paddingLeft: 20 }}>
          {shown.map((step, index) => (
            <li key={index}>{step}</li>
          ))}
        </ol>
      )}
      <div className={styles.wrap}>
        <Button icon="sync" onClick={onRetry}>
          Try again
        </Button>
        <LinkButton variant="secondary" href={settings}>
          Data source settings
        </LinkButton>
      </div>
      <div className={styles.wrap}>
        <span className={styles.muted}>Not an admin? Send this:</span> <code>{report}</code>
        <ClipboardButton
          icon="copy"
          size="sm"
          fill="text"
          variant="secondary"
          getText={() => report}
          aria-label="Copy the report"
        />
      </div>
    </div>
  );
}

interface CardProblemProps {
  readonly problem: ControlProblem;
  readonly onRetry: () => void;
  /** Of an action: what it is and which role may do it. */
  readonly needs?: { readonly what: string; readonly role: 'Editor' | 'Admin' };
}

/** A problem of one card, beside others that work. */
export function CardProblem({ problem, onRetry, needs }: CardProblemProps) {
  const styles = useStyles2(look);
  if (problem.kind === 'forbidden' && needs !== undefined) {
    return (
      <div role="alert">
        <RoleNote {...needs} />
      </div>
    );
  }
  return (
    <div role="alert" className={styles.pad}>
      <span className={styles.error}>{TITLES[problem.kind]}.</span> {problem.message}{' '}
      <button type="button" className={styles.link} onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

/** Instead of data that are on their way. */
export function Waiting({ what }: { readonly what: string }) {
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), 5000);
    return () => clearTimeout(timer);
  }, []);
  return <LoadingPlaceholder text={isLong ? `${what} It takes longer than usual; after 40 s it is given up.` : what} />;
}

interface ClockNoteProps {
  readonly status: Status;
  /** When the answer came, by the browser's clock. */
  readonly atMs: number;
}

export function ClockNote({ status, atMs }: ClockNoteProps) {
  const styles = useStyles2(look);
  const skew = skewOf(status, atMs);
  if (!(Math.abs(skew) > MUCH_SKEW_MS)) {
    return null;
  }
  return (
    <div className={styles.note}>
      This computer’s clock is {format.duration(Math.abs(skew))} {skew > 0 ? 'ahead of' : 'behind'} the processor’s. Set
      it right; until then choose a time range that is as much {skew > 0 ? 'earlier' : 'later'}.
    </div>
  );
}

const WIRING = `exporters:
  otlp/anomaly: { endpoint: "processor:4317", tls: { insecure: true } }
service:
  pipelines: { traces: { exporters: [yours, otlp/anomaly] } }`;

export function NoSpans() {
  const styles = useStyles2(look);
  return (
    <div className={styles.column} data-testid={testIds.panel.noSpans}>
      <h3 className={styles.sentence}>No spans yet</h3>
      <p className={styles.secondary}>The processor is up and has received 0 spans. Checking every 10 s.</p>
      <div className={styles.row}>
        <span className={styles.number}>1</span> Send traces to it from your collector
      </div>
      <pre className={styles.code} tabIndex={0}>
        {WIRING}
      </pre>
      <div className={styles.row}>
        <span className={styles.number}>2</span> Call your API a few times. Spans show up here within 10 s.
      </div>
      <div className={styles.wrap}>
        <ClipboardButton icon="copy" variant="primary" getText={() => WIRING}>
          Copy collector config
        </ClipboardButton>
      </div>
    </div>
  );
}

interface LearningProps {
  readonly status: Status;
  readonly onUpload?: () => void;
}

export function Learning({ status, onUpload }: LearningProps) {
  const styles = useStyles2(look);
  const { progress, eta_seconds: eta } = status.learning;
  const left = eta === null ? 'as soon as enough calls were seen' : `about ${format.duration(1000 * eta)} left`;
  return (
    <div
      className={styles.column}
      data-testid={testIds.panel.learning}
      style={{ maxWidth: 720, margin: '24px auto', gap: 16, width: '100%' }}
    >
      <div className={styles.row}>
        <h3 className={styles.sentence}>Learning what is normal, {left}</h3>
        <span className={styles.push}>{format.percent(progress)}</span>
      </div>
      <Progress label="Learning" value={progress} />
      <div className={styles.columns} style={{ gridTemplateColumns: 'repeat(auto-fit, minmax(200px, 1fr))', gap: 24 }}>
        <div>
          <div className={styles.strong}>Now</div>
          <span className={styles.secondary}>
            {format.count(status.throughput.spans)} spans passed through with <code>anomaly.state=learning</code>.
            Nothing is flagged, no alert fires.
          </span>
        </div>
        <div>
          <div className={styles.strong}>Then</div>
          <span className={styles.secondary}>
            The first model is checked and starts scoring by itself. You need not do anything.
          </span>
        </div>
        {onUpload !== undefined && (
          <div>
            <div className={styles.strong}>Sooner</div>
            <p className={styles.secondary}>
              Upload past traces as OTLP, and the model starts as soon as it has read them.
            </p>
            <Button icon="upload" variant="secondary" onClick={onUpload}>
              Upload traces…
            </Button>
          </div>
        )}
      </div>
    </div>
  );
}

export function Progress({ label, value }: { readonly label: string; readonly value: number }) {
  const styles = useStyles2(look);
  const now = Math.round(100 * value);
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={now}
      className={styles.track}
    >
      <div style={{ width: `${now}%` }} />
    </div>
  );
}

/** Instead of an action that the role or the tokens do not allow. */
export function RoleNote({ what, role }: { readonly what: string; readonly role: 'Editor' | 'Admin' }) {
  const styles = useStyles2(look);
  const token = role === 'Editor' ? 'an operate token' : 'an admin token';
  return (
    <div className={styles.note}>
      You can look, not act. {what} needs the {role} role and {token} in the data source.
    </div>
  );
}
