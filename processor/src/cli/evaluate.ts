/** `evaluate`: detects over labelled traces, and compares what it finds with what static rules would have found. */
import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { ServiceError } from '../errors.ts';
import { type EvaluationReport, evaluationReport } from '../evaluation/evaluation-report.ts';
import { LabelledReplay } from '../evaluation/labelled-replay.ts';
import { reportText } from '../evaluation/report-text.ts';
import { DEFAULT_RULES_FILE, parseRules, type StaticRule } from '../evaluation/static-rules.ts';
import { LabelReader } from '../replay/label-reader.ts';
import type { Recording } from '../replay/recording.ts';
import { count } from './demo-report.ts';
import { createProgress } from './progress.ts';
import {
  addRecordingOptions,
  learningOf,
  openRecording,
  recordingConfig,
  type RecordingOptions,
} from './recording-options.ts';
import { explainingErrors, UsageError } from './usage-error.ts';

/** Of the resamples and of the peer's forest: the same traces give the same report. */
const SEED = 1;
/** Share of the time that is learned from when nothing else is asked for. */
const DEFAULT_FRACTION = '0.5';

interface Options extends RecordingOptions {
  readonly labelAttribute: string;
  readonly rules?: string;
  readonly json?: boolean;
}

/** What `--json` prints. */
interface Summary extends EvaluationReport {
  readonly labelAttribute: string;
  readonly gates: LabelledReplay['replay']['gates'];
  readonly broken: { readonly count: number; readonly first: Recording['broken'] };
}

export function evaluateCommand(): Command {
  return addRecordingOptions(
    new Command('evaluate').description(
      'judge labelled traces as detect does, and compare with static rules at equal recall; learns from the first half unless told otherwise',
    ),
  )
    .requiredOption(
      '--label-attribute <key>',
      'span attribute with the ground truth; nothing that detects gets to see it',
    )
    .option('--rules <file>', 'static rules to compare with, instead of the default ones')
    .option('--json', 'print the report as JSON; progress goes to standard error')
    .action(explainingErrors(evaluate));
}

async function evaluate(options: Options): Promise<void> {
  const { labelAttribute, trainUntil, trainFraction, json = false } = options;
  if (labelAttribute === '')
    throw new UsageError('--label-attribute is empty; name the attribute with the ground truth.');
  const rules = await readRules(options.rules);
  const config = recordingConfig(options);
  const labels = new LabelReader(config, labelAttribute);
  const recording = await openRecording(options, config, (body) => labels.read(body));
  if (labels.mistake !== undefined) throw new Error(labels.mistake);

  const hasPart = trainUntil !== undefined || trainFraction !== undefined;
  const learning = await learningOf(hasPart ? options : { ...options, trainFraction: DEFAULT_FRACTION }, recording);
  const { bounds } = recording;
  const labelled = new LabelledReplay({ config, learning, bounds, hiddenKeys: [labelAttribute], seed: SEED });
  await play(recording, labels, labelled);
  if (labelled.windows.labels.outcomes().length === 0) {
    throw new Error(
      `No span after the part that is learned from has a label in ${labelAttribute}; end that part earlier with --train-until or --train-fraction.`,
    );
  }
  const summary: Summary = {
    labelAttribute,
    ...evaluationReport(labelled.windows, { rules, seed: SEED }),
    gates: labelled.replay.gates,
    broken: { count: recording.brokenCount, first: recording.broken },
  };
  process.stdout.write(json ? `${JSON.stringify(summary, null, 2)}\n` : describe(summary));
}

async function play(recording: Recording, labels: LabelReader, labelled: LabelledReplay): Promise<void> {
  const progress = createProgress(process.stderr, 'Judging');
  const { tally } = labelled.replay;
  try {
    await recording.play(
      async (body) => {
        labels.read(body);
        await labelled.judge(body, (span) => labels.labelOf(span));
      },
      (done) => progress.update(Math.min(1, done), `${count(tally.learning + tally.scored)} spans`),
    );
    labelled.replay.finish();
  } finally {
    progress.stop();
  }
}

/** The rules to compare with. Throws UsageError, and ServiceError `config_invalid_value` for rules that are none. */
async function readRules(file: string | undefined): Promise<StaticRule[]> {
  try {
    return parseRules(await readFile(file ?? DEFAULT_RULES_FILE, 'utf8'), file ?? 'the default rules');
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`--rules is ${file}, which cannot be read (${code}); name a YAML file of static rules.`);
  }
}

function describe(summary: Summary): string {
  const { gates, broken } = summary;
  const lines = [reportText(summary)];
  const failed = gates.filter(({ passed }) => !passed);
  const left = broken.count > 0 ? [`${count(broken.count)} lines could not be read and were left out:`] : [];
  if (failed.length + left.length > 0) lines.push('');
  lines.push(...failed.map(({ gate, detail }) => `The model did not pass the gate ${gate}: ${detail}.`), ...left);
  for (const { file, line, reason } of broken.first) lines.push(`  ${file}:${line}: ${reason}`);
  return `${lines.join('\n')}\n`;
}
