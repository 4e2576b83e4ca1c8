/** `detect`: the serving pipeline over files. Reads traces, writes the same spans annotated in full, order kept. */
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import type { Incident } from '../detection/incident.ts';
import { type IncidentNotice, noticeOf } from '../incident-notice.ts';
import { Replay } from '../replay/replay.ts';
import { TraceOutput } from '../replay/trace-output.ts';
import { count, incidentLine } from './demo-report.ts';
import { createProgress } from './progress.ts';
import {
  addRecordingOptions,
  learningOf,
  openRecording,
  recordingConfig,
  type RecordingOptions,
} from './recording-options.ts';
import { explainingErrors, UsageError } from './usage-error.ts';

interface Options extends RecordingOptions {
  readonly model?: string;
  readonly out: string;
  readonly json?: boolean;
}

export function detectCommand(): Command {
  return addRecordingOptions(
    new Command('detect').description(
      'judge recorded traces as the service would, and write them annotated; with no --train option and no --model it learns and retrains as it goes',
    ),
  )
    .option('--model <file>', 'judge by this model, a file of models/ in the data folder, and learn nothing')
    .requiredOption('--out <file>', 'file to write, in the encoding of the first input; compressed if it ends in .gz')
    .option('--json', 'print the summary as JSON; progress goes to standard error')
    .action(explainingErrors(detect));
}

async function detect(options: Options): Promise<void> {
  const { traces, out, json = false } = options;
  const inputs = await Promise.all(traces.map(realPathOf));
  if (inputs.includes(await realPathOf(out))) {
    throw new UsageError(`--out is ${out}, which is one of the inputs; name another file.`);
  }
  const config = recordingConfig(options);
  const recording = await openRecording(options, config);
  const incidents: IncidentNotice[] = [];
  const numbers = new Map<string, number>();
  let anomalies = 0;
  const replay = new Replay({
    config,
    learning: await learningOf(options, recording),
    bounds: recording.bounds,
    listener: {
      call: (_call, _span, judgement) => {
        if (judgement?.isAnomaly === true) anomalies++;
      },
      closed: (incident: Incident) => void incidents.push(numbered(noticeOf(incident, replay.endpoints), numbers)),
    },
  });
  const output = await TraceOutput.create(out, recording.files[0]!.encoding);
  const progress = createProgress(process.stderr, 'Judging');
  let spans = 0;
  try {
    await recording.play(
      async (body) => {
        await output.write(await replay.annotated(body));
        spans += replay.spanCount;
      },
      (done) => progress.update(Math.min(1, done), `${count(spans)} spans`),
    );
    replay.finish();
  } finally {
    progress.stop();
    await output.close();
  }
  incidents.sort((a, b) => a.startSeconds - b.startSeconds);
  const { scored, learning, duplicates } = replay.tally;
  const summary = {
    file: out,
    spans,
    scored,
    learning,
    duplicates,
    anomalies,
    incidents,
    gates: replay.gates,
    broken: { count: recording.brokenCount, first: recording.broken },
  };
  process.stdout.write(json ? `${JSON.stringify(summary, null, 2)}\n` : describe(summary));
}

/** Where a path leads to, links followed as far as there is something. */
async function realPathOf(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch {
    return path.resolve(file);
  }
}

/** The notice with a number in place of the pseudonym, which a replay makes without a secret: it could be guessed back. */
function numbered(notice: IncidentNotice, numbers: Map<string, number>): IncidentNotice {
  if (notice.kind === 'endpoint') return notice;
  const number = numbers.get(notice.entity) ?? numbers.size + 1;
  numbers.set(notice.entity, number);
  return { ...notice, entity: `${notice.kind === 'user' ? 'u' : 'a'}_${number}` };
}

interface Summary {
  readonly file: string;
  readonly spans: number;
  readonly scored: number;
  readonly learning: number;
  readonly duplicates: number;
  readonly anomalies: number;
  readonly incidents: readonly IncidentNotice[];
  readonly gates: Replay['gates'];
  readonly broken: {
    readonly count: number;
    readonly first: readonly { file: string; line: number; reason: string }[];
  };
}

function describe({ file, spans, scored, learning, anomalies, incidents, gates, broken }: Summary): string {
  const style = { isTerminal: process.stdout.isTTY };
  const lines = [
    `Wrote ${count(spans)} spans to ${file}: ${count(scored)} scored, ${count(learning)} learned from, ${count(anomalies)} anomalies.`,
    ...gates
      .filter(({ passed }) => !passed)
      .map(({ gate, detail }) => `The model did not pass the gate ${gate}: ${detail}.`),
    ...incidents.map(
      (incident) =>
        `${new Date(incident.startSeconds * 1000).toISOString().slice(0, 10)} ${incidentLine(incident, 0, style)}`,
    ),
  ];
  if (incidents.length === 0) lines.push('No incidents.');
  if (broken.count > 0) lines.push(`${count(broken.count)} lines could not be read and were left out:`);
  for (const { file: name, line, reason } of broken.first) lines.push(`  ${name}:${line}: ${reason}`);
  return `${lines.join('\n')}\n`;
}
