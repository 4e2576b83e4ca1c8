/** Begins a training: on all that was seen, on a time range, or on uploaded history. */
import { dateTime, type DateTime } from '@grafana/data';
import { Button, DateTimePicker, Field, FileDropzone, Modal, RadioButtonGroup, useStyles2 } from '@grafana/ui';
import React, { useState } from 'react';
import type { Job } from '../../control/answers';
import { problemOf, type ControlProblem } from '../../control/problem';
import { testIds } from '../../testIds';
import { useControl } from '../control';
import { look } from '../look';
import { CardProblem } from '../states';

type Source = 'window' | 'range' | 'upload';

const SOURCES: Array<{ value: Source; label: string }> = [
  { value: 'window', label: 'All that was seen' },
  { value: 'range', label: 'Time range' },
  { value: 'upload', label: 'Upload' },
];

interface Props {
  readonly onClose: () => void;
  readonly onStarted: (job: Job) => void;
}

export function TrainDialog({ onClose, onStarted }: Props) {
  const { client, status, timeRange, timeZone } = useControl();
  const styles = useStyles2(look);
  const [source, setSource] = useState<Source>('window');
  const [from, setFrom] = useState<DateTime | undefined>(() => dateTime(timeRange.from));
  const [to, setTo] = useState<DateTime | undefined>(() => dateTime(timeRange.to));
  const [file, setFile] = useState<File>();
  const [isSending, setSending] = useState(false);
  const [failure, setFailure] = useState<ControlProblem>();
  const isBackwards = source === 'range' && (from === undefined || to === undefined || !from.isBefore(to));
  const isReady = source === 'upload' ? file !== undefined : !isBackwards;
  const start = async () => {
    setSending(true);
    setFailure(undefined);
    try {
      const range = source === 'range' && from && to ? { from: from.toISOString(), to: to.toISOString() } : {};
      onStarted(source === 'upload' ? await client.trainUpload(file!) : await client.trainWindow(range));
    } catch (error) {
      const problem = problemOf(error, 'POST /api/v1/train');
      // A training that is under way already is the one to look at.
      if (problem.job !== undefined) {
        onStarted(await client.job(problem.job));
        return;
      }
      setFailure(problem);
      setSending(false);
    }
  };
  const model = status.value?.model?.version;
  return (
    <Modal isOpen title="Train a model" onDismiss={onClose}>
      <div className={styles.column} style={{ gap: 16 }} data-testid={testIds.panel.train}>
        <Field noMargin label="Learn from">
          <RadioButtonGroup fullWidth options={SOURCES} value={source} onChange={setSource} aria-label="Learn from" />
        </Field>
        {source === 'range' && (
          <div className={styles.columns} style={{ gridTemplateColumns: '1fr 1fr' }}>
            <Field noMargin label="From" invalid={isBackwards} error="From must be before To.">
              <DateTimePicker date={from} onChange={setFrom} timeZone={timeZone} />
            </Field>
            <Field noMargin label="To">
              <DateTimePicker date={to} onChange={setTo} timeZone={timeZone} />
            </Field>
          </div>
        )}
        {source === 'upload' && (
          <Field
            noMargin
            label="Past traces"
            description="OTLP as protobuf, JSON or JSON lines, compressed with gzip or not, as the collector's file exporter writes them."
          >
            <FileDropzone
              id="anomaly-upload"
              options={{ multiple: false, onDrop: (files: File[]) => setFile(files[0]) }}
              // Its reader would put gigabytes into memory; the browser streams the file itself.
              fileListRenderer={() => null}
            />
          </Field>
        )}
        {source === 'upload' && file !== undefined && <div role="status">{file.name} is chosen.</div>}
        <p className={styles.secondary} style={{ margin: 0 }}>
          {model === undefined
            ? 'Spans pass through unscored meanwhile. The new model is checked before it scores.'
            : `${model} keeps scoring meanwhile. What happened in incidents marked real is left out. The new model is checked against its gates; whether one that passes them is promoted by itself is model.promote in the processor's configuration.`}
        </p>
        {failure !== undefined && (
          <CardProblem problem={failure} needs={{ what: 'Training', role: 'Editor' }} onRetry={() => void start()} />
        )}
      </div>
      <Modal.ButtonRow>
        <Button variant="secondary" fill="outline" onClick={onClose}>
          Cancel
        </Button>
        <Button disabled={!isReady || isSending} onClick={() => void start()}>
          {isSending && source === 'upload' ? 'Uploading …' : 'Train'}
        </Button>
      </Modal.ButtonRow>
    </Modal>
  );
}
