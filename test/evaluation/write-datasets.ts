/**
 * Writes the labelled data sets of the evaluation as OTLP/JSON lines, each with its ground truth in a JSON file beside it.
 * Reads the reference data in the folder that ANOMALY_TEST_DATA names.
 *
 * Usage: node bootstrap.mjs test/evaluation/write-datasets.ts --out DIR [--seed N]
 *
 * `nasa-N.jsonl`: NASA's web server with attacks of seed N (default 1). `nezha.jsonl`, `nezha-caller.jsonl`,
 * `nezha-waiting.jsonl`: TrainTicket with faults, labelled in three ways.
 */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { referencePath } from '../support/reference-data.ts';
import { injectAttacks } from './injected-attacks.ts';
import { jsonLines, LABEL_ATTRIBUTE, type LabelledSpan, SpanKind } from './labelled-span.ts';
import { NASA_FILE, NASA_RESOLUTION_MS, NASA_SERVICE, readNasaRequests } from './nasa-traffic.ts';
import { LABELLINGS, type Labelling } from './nezha-fault.ts';
import { NEZHA_FOLDER, readNezhaTraffic } from './nezha-traffic.ts';
import { serverSpans } from './web-request.ts';

const { out, seed } = readArguments();
mkdirSync(out, { recursive: true });
writeNasa();
for (const labelling of LABELLINGS) writeNezha(labelling);

/** Ends the process where the options cannot be used. */
function readArguments(): { out: string; seed: number } {
  const { values } = parseArgs({ options: { out: { type: 'string' }, seed: { type: 'string', default: '1' } } });
  const folder = values.out ?? fail('--out is missing; name the folder to write to.');
  const number = Number(values.seed);
  if (!Number.isInteger(number) || number < 0) fail(`--seed is ${values.seed}; use an integer from 0.`);
  return { out: folder, seed: number };
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

function writeNasa(): void {
  const background = [...readNasaRequests(referencePath(...NASA_FILE))];
  const { requests, attacks, quietUntilMs } = injectAttacks(background, { seed, resolutionMs: NASA_RESOLUTION_MS });
  write(`nasa-${seed}`, [...serverSpans(requests, NASA_SERVICE, seed)], quietUntilMs, {
    seed,
    attacks: attacks.map((attack) => ({ ...attack, ...period(attack.fromMs, attack.untilMs) })),
  });
}

function writeNezha(labelling: Labelling): void {
  const { spans, faults, learnUntilUnixNano } = readNezhaTraffic(referencePath(NEZHA_FOLDER), { labelling });
  write(labelling === 'faulty' ? 'nezha' : `nezha-${labelling}`, spans, milliseconds(learnUntilUnixNano), {
    labelling,
    faults: faults.map(({ number, type, pod, label, injectTime, fromUnixNano, untilUnixNano }) => {
      const own = spans.filter((span) => span.label === label);
      return {
        number,
        type,
        pod,
        label,
        injectTime,
        ...period(milliseconds(fromUnixNano), milliseconds(untilUnixNano) + 1),
        spans: own.length,
        serverSpans: own.filter(({ kind }) => kind === SpanKind.SERVER).length,
      };
    }),
  });
}

/** Writes `<name>.jsonl` and `<name>.truth.json`. `trainUntilMs`: the part before it is ordinary and there to learn from. */
function write(name: string, spans: readonly LabelledSpan[], trainUntilMs: number, truth: object): void {
  const file = openSync(path.join(out, `${name}.jsonl`), 'w');
  for (const line of jsonLines(spans)) writeSync(file, line);
  closeSync(file);
  const server = spans.filter(({ kind }) => kind === SpanKind.SERVER);
  const summary = {
    file: `${name}.jsonl`,
    labelAttribute: LABEL_ATTRIBUTE,
    trainUntil: new Date(trainUntilMs).toISOString(),
    trainUntilMs,
    spans: spans.length,
    serverSpans: server.length,
    trainServerSpans: server.filter(({ startTimeUnixNano }) => milliseconds(startTimeUnixNano) < trainUntilMs).length,
    labelledServerSpans: server.filter(({ label }) => label !== '').length,
  };
  writeFileSync(path.join(out, `${name}.truth.json`), `${JSON.stringify({ ...summary, ...truth }, null, 2)}\n`);
  process.stdout.write(`${name}.jsonl: ${spans.length} spans, to learn from until ${summary.trainUntil}\n`);
}

/** Times that people and programs can read. */
function period(fromMs: number, untilMs: number): object {
  return { from: new Date(fromMs).toISOString(), until: new Date(untilMs).toISOString(), fromMs, untilMs };
}

function milliseconds(unixNano: bigint): number {
  return Number(unixNano / 1_000_000n);
}
