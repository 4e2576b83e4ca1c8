/** `train`: a model from recorded traces, without a service. The service takes it in as a candidate (POST /models). */
import { Command } from 'commander';
import { ServiceError } from '../errors.ts';
import type { ModelHeader } from '../model/model-header.ts';
import { Model } from '../model/model.ts';
import { train as trainModel } from '../model/train.ts';
import type { Trained } from '../model/training-conduct.ts';
import type { Recording } from '../replay/recording.ts';
import { Replay } from '../replay/replay.ts';
import { writeModelFile } from '../store/model-file.ts';
import { count } from './demo-report.ts';
import { createProgress } from './progress.ts';
import { addTracesOptions, openRecording, recordingConfig, type TracesOptions } from './recording-options.ts';
import { explainingErrors } from './usage-error.ts';

const FAILED = 1;

interface Options extends TracesOptions {
  readonly model: string;
  readonly json?: boolean;
}

export function trainCommand(): Command {
  return addTracesOptions(
    new Command('train').description('train a model on recorded traces, all of them, and write it to a file'),
  )
    .requiredOption('--model <file>', 'file to write; `detect --model` and the import of the service take it')
    .option('--json', 'print the summary as JSON; progress goes to standard error')
    .addHelpText('after', '\nExits with 1 where the model does not pass the gates; it is written all the same.')
    .action(explainingErrors(train));
}

async function train(options: Options): Promise<void> {
  const config = recordingConfig(options);
  const recording = await openRecording(options, config);
  const replay = new Replay({ config, learning: { until: Number.POSITIVE_INFINITY }, bounds: recording.bounds });
  await learn(replay, recording);
  const trained = await trainOn(replay);
  const header = headerOf(trained);
  try {
    await writeModelFile(options.model, header.version, { ...header }, trained.result.model);
  } catch (cause) {
    throw new ServiceError('output_unwritable', { file: options.model, reason: String(cause) }, { cause });
  }
  const { version, rows, entities, gates, outcome } = header;
  const summary = {
    file: options.model,
    version,
    outcome,
    calls: replay.tally.learning,
    duplicates: replay.tally.duplicates,
    used: trained.used,
    available: trained.available,
    rows,
    entities,
    gates,
    broken: { count: recording.brokenCount, first: recording.broken },
  };
  process.stdout.write(options.json ? `${JSON.stringify(summary, null, 2)}\n` : describe(summary));
  if (outcome === 'rejected') process.exitCode = FAILED;
}

async function learn(replay: Replay, recording: Recording): Promise<void> {
  const progress = createProgress(process.stderr, 'Learning');
  try {
    await recording.play(
      (body) => replay.judge(body),
      (done) => progress.update(Math.min(1, done), `${count(replay.tally.learning)} calls`),
    );
  } finally {
    progress.stop();
  }
}

async function trainOn(replay: Replay): Promise<Trained> {
  const progress = createProgress(process.stderr, 'Training');
  try {
    return await replay.engine.lifecycle.trainAlone({}, (input) =>
      Promise.resolve(trainModel(input, (share) => progress.update(share, ''))),
    );
  } finally {
    progress.stop();
  }
}

function headerOf({ result, used }: Trained): ModelHeader {
  const { gates, scores, model } = result;
  return {
    ...Model.from(new Uint8Array(model)).provenance,
    outcome: gates.every(({ passed }) => passed) ? 'candidate' : 'rejected',
    gates,
    scores,
    origin: 'offline',
    jobId: undefined,
    createdMs: Date.now(),
    fromMs: used.fromSeconds && 1000 * used.fromSeconds,
    toMs: used.toSeconds && 1000 * used.toSeconds,
  };
}

interface Summary extends Pick<ModelHeader, 'version' | 'outcome' | 'rows' | 'entities' | 'gates'> {
  readonly file: string;
  readonly calls: number;
  readonly used: Trained['used'];
  readonly broken: {
    readonly count: number;
    readonly first: readonly { file: string; line: number; reason: string }[];
  };
}

function describe({ file, version, calls, used, rows, entities, gates, broken }: Summary): string {
  const [from, to] = [used.fromSeconds, used.toSeconds].map((seconds) =>
    seconds === undefined ? '' : new Date(1000 * seconds).toISOString(),
  );
  const lines = [
    `Wrote the model ${version} to ${file}.`,
    `Trained on ${count(used.rows)} rows of ${count(calls)} calls, ${from} to ${to}:`,
    ...(['user', 'address', 'endpoint'] as const).map(
      (kind) => `  ${kind}: ${count(rows[kind])} rows of ${count(entities[kind])}`,
    ),
    ...gates.map(({ gate, passed, detail }) => `${passed ? 'Passed' : 'Did not pass'} the gate ${gate}: ${detail}.`),
  ];
  if (broken.count > 0) lines.push(`${count(broken.count)} lines could not be read and were left out:`);
  for (const { file: name, line, reason } of broken.first) lines.push(`  ${name}:${line}: ${reason}`);
  return `${lines.join('\n')}\n`;
}
