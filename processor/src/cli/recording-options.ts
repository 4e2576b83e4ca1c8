/** The options that `detect` and `evaluate` share: which traces, what is learned from, which configuration. */
import type { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { Model } from '../model/model.ts';
import { Recording } from '../replay/recording.ts';
import type { Learning } from '../replay/replay.ts';
import { readModelFile } from '../store/model-file.ts';
import { createProgress } from './progress.ts';
import { UsageError } from './usage-error.ts';

export interface TracesOptions {
  readonly traces: readonly string[];
  readonly config?: string;
}

export interface RecordingOptions extends TracesOptions {
  readonly trainUntil?: string;
  readonly trainFraction?: string;
}

export type LearningOptions = RecordingOptions & { readonly model?: string };

/** The options of every command that reads traces. */
export function addTracesOptions(command: Command): Command {
  return command
    .requiredOption('--traces <files...>', 'OTLP JSON lines or protobuf as the file exporter writes them; gzip, zstd')
    .option('-c, --config <file>', 'configuration file of the service');
}

export function addRecordingOptions(command: Command): Command {
  return addTracesOptions(command)
    .option('--train-until <time>', 'learn from what is before this time (ISO 8601 or Unix seconds), then judge')
    .option('--train-fraction <f>', 'learn from this share of the time span, above 0 and below 1, then judge');
}

/** The configuration for a replay: every span explained, and no limit on the spans of one request. */
export function recordingConfig({ config: file }: TracesOptions): Config {
  const config = loadConfig(file, process.env);
  return {
    ...config,
    annotate: { ...config.annotate, detail: 'full' },
    pipeline: { ...config.pipeline, max_spans_per_request: Number.MAX_SAFE_INTEGER },
  };
}

/**
 * Opens the traces; `look` sees every readable request as it passes. What is to be learned from is checked before, since
 * this may take minutes. Throws UsageError.
 */
export async function openRecording(
  options: LearningOptions,
  config: Config,
  look?: (body: Buffer) => void,
): Promise<Recording> {
  checkLearning(options);
  const progress = createProgress(process.stderr, 'Reading times');
  try {
    return await Recording.open(options.traces, config, (done) => progress.update(Math.min(1, done), ''), look);
  } finally {
    progress.stop();
  }
}

/** What to learn from. Throws UsageError. */
export async function learningOf(options: LearningOptions, { bounds }: Recording): Promise<Learning> {
  const { trainUntil, trainFraction, model } = options;
  if (model !== undefined) return { model: modelFrom(model, await readModelFile(model)) };
  if (trainUntil !== undefined) return { until: timeWithin(trainUntil, bounds) };
  if (trainFraction === undefined) return 'as_served';
  return { until: bounds.from + Number(trainFraction) * (bounds.to - bounds.from) };
}

function modelFrom(file: string, bytes: Uint8Array): Model {
  try {
    return Model.from(bytes);
  } catch (error) {
    throw new Error(`${file} cannot be used: ${(error as Error).message}.`, { cause: error });
  }
}

function checkLearning({ trainUntil, trainFraction, model }: LearningOptions): void {
  const given = { '--train-until': trainUntil, '--train-fraction': trainFraction, '--model': model };
  const names = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (names.length > 1) throw new UsageError(`${names.join(' and ')} were given; give one of them.`);
  const fraction = Number(trainFraction ?? 0.5);
  if (!(fraction > 0 && fraction < 1)) {
    throw new UsageError(`--train-fraction is ${trainFraction}; use a number above 0 and below 1, such as 0.5.`);
  }
}

function timeWithin(text: string, { from, to }: Recording['bounds']): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Date.parse(text) / 1000;
  if (seconds > from && seconds <= to) return seconds;
  const [first, last] = [from, to].map((time) => new Date(time * 1000).toISOString());
  throw new UsageError(`--train-until is ${text}; use a time within the recording, ${first} to ${last}.`);
}
