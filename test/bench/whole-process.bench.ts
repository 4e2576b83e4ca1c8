/**
 * CPU of whole processes per span, ours against hops that do less or the same. Every process takes the same OTLP/gRPC
 * requests, uncompressed, and hands them to the same sink, which is not measured. In each round every process has its
 * turn, in changing order, and the ratios are taken within the round.
 */
import { killAllPrograms } from '../support/child-program.ts';
import { Processor } from '../support/processor.ts';
import { findProgram } from '../support/programs.ts';
import { removeTemporaryFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { collectorHas, Hop, startCollectorHop, startRelay, startSink } from './hop.ts';
import type { BenchSection } from './section.ts';

const OURS = 'processor, scoring';
const RELAY = 'bare grpc-js relay';
const COLLECTOR = 'collector, plain hop';
const COLLECTOR_FOREST = 'collector + isolationforest';

/** A workload: what the requests are like. */
interface Workload {
  readonly spansPerRequest: number;
  readonly serverShare: number;
}

const WORKLOADS: readonly Workload[] = [
  { spansPerRequest: 100, serverShare: 0.4 },
  { spansPerRequest: 1000, serverShare: 0.4 },
  { spansPerRequest: 100, serverShare: 1 },
  { spansPerRequest: 1000, serverShare: 1 },
];

/** How long every process is kept busy, in CPU seconds: before the measurement, so that all code is compiled, and in each turn. */
interface Effort {
  readonly warmUpSeconds: number;
  readonly turnSeconds: number;
  readonly rounds: number;
}

const FULL: Effort = { warmUpSeconds: 4, turnSeconds: 1, rounds: 7 };
const QUICK: Effort = { warmUpSeconds: 0.1, turnSeconds: 0.05, rounds: 2 };

/** SERVER spans sent to train the first model: half an hour of span time. */
const TRAINING_CALLS = 100_000;
const SETTINGS = {
  model: { min_rows: 90_000, min_entities: 20, min_hours: 0, retrain_every_hours: 0 },
} as const;
/** 50 calls a second from 2000 users, so that all of a run fits into the day for which spans may be late. */
const SECONDS_PER_CALL = 0.02;
const SECONDS_LATE = 23 * 3600;

/** Runs the comparison. `quick`: a short pass that shows that it works; its numbers mean little. */
export async function benchWholeProcess({ quick }: { quick: boolean }): Promise<BenchSection> {
  const effort = quick ? QUICK : FULL;
  const rows: (string | number)[][] = [];
  const notes = [
    'CPU time of the process in user and system mode, all threads; medians of the rounds, ratios within each round.',
    `${effort.rounds} rounds, in each ${effort.turnSeconds} s of CPU time a process after ${effort.warmUpSeconds} s to warm up; about 570 bytes a span.`,
  ];
  if (findProgram('otelcol') === undefined) notes.push('No collector is installed: its rows are left out.');
  else if (!collectorHas('isolationforest')) {
    notes.push('The installed collector is built without its isolationforest processor: that row is left out.');
  }
  for (const workload of WORKLOADS) {
    const result = await runWorkload(workload, effort);
    rows.push(...result.rows);
    notes.push(result.stages);
  }
  return {
    title: 'Whole process',
    columns: ['spans a request', 'SERVER', 'process', 'CPU µs a span', '× bare relay (lowest, highest)', '× ours'],
    rows,
    notes,
  };
}

async function runWorkload(
  workload: Workload,
  effort: Effort,
): Promise<{ rows: (string | number)[][]; stages: string }> {
  try {
    const firstSecond = Date.now() / 1000 - SECONDS_LATE;
    const traffic = { ...workload, firstSecond, secondsPerCall: SECONDS_PER_CALL, seed: 1 };
    const sink = await startSink();
    const processor = await Processor.create(temporaryFolder(), { ...SETTINGS, export: { endpoint: sink } });
    await processor.start();
    const ours = new Hop(OURS, processor.grpcAddress, processor.program!, traffic);
    const hops = [await startRelay(RELAY, sink, traffic), ours];
    if (findProgram('otelcol') !== undefined) hops.push(await startCollectorHop(COLLECTOR, sink, traffic));
    if (collectorHas('isolationforest')) {
      hops.push(await startCollectorHop(COLLECTOR_FOREST, sink, traffic, ['collector-isolationforest.yaml']));
    }
    await train(processor, ours, workload);
    for (const hop of hops) await hop.measure(effort.warmUpSeconds);

    const before = { spans: ours.sentSpans, seconds: await stageSeconds(processor) };
    const rounds = await measureRounds(hops, effort);
    const after = { spans: ours.sentSpans, seconds: await stageSeconds(processor) };
    for (const hop of hops) hop.close();
    return { rows: rowsOf(workload, hops, rounds), stages: stageNote(workload, before, after) };
  } finally {
    await killAllPrograms();
    removeTemporaryFolders();
  }
}

/** Sends traffic until the processor has a model, so that every SERVER span of the measurement is scored. */
async function train(processor: Processor, ours: Hop, workload: Workload): Promise<void> {
  await ours.send(Math.ceil(TRAINING_CALLS / workload.serverShare / workload.spansPerRequest));
  await processor.program!.ready(async () => (await processor.metric('api_anomaly_model_info')) === 1, 60_000);
}

/** CPU seconds a span: one row a round, one column a hop. */
async function measureRounds(hops: readonly Hop[], effort: Effort): Promise<number[][]> {
  const rounds: number[][] = [];
  for (let round = 0; round < effort.rounds; round += 1) {
    const cpu = hops.map(() => 0);
    for (let turn = 0; turn < hops.length; turn += 1) {
      const index = (round + turn) % hops.length;
      cpu[index] = await hops[index]!.measure(effort.turnSeconds);
    }
    rounds.push(cpu);
  }
  return rounds;
}

function rowsOf(
  { spansPerRequest, serverShare }: Workload,
  hops: readonly Hop[],
  rounds: readonly number[][],
): (string | number)[][] {
  const relay = hops.findIndex((hop) => hop.name === RELAY);
  const ours = hops.findIndex((hop) => hop.name === OURS);
  return hops.map((hop, index) => {
    const toRelay = rounds.map((cpu) => cpu[index]! / cpu[relay]!);
    const toOurs = rounds.map((cpu) => cpu[index]! / cpu[ours]!);
    return [
      spansPerRequest,
      `${Math.round(serverShare * 100)} %`,
      hop.name,
      (median(rounds.map((cpu) => cpu[index]!)) * 1e6).toFixed(2),
      `${median(toRelay).toFixed(2)} (${Math.min(...toRelay).toFixed(2)}, ${Math.max(...toRelay).toFixed(2)})`,
      median(toOurs).toFixed(2),
    ];
  });
}

/** Seconds spent so far in each stage, by the processor's own account. */
async function stageSeconds(processor: Processor): Promise<Map<string, number>> {
  const sums = (await processor.metrics()).matchAll(
    /^api_anomaly_processing_duration_seconds_sum\{[^}]*stage="(?<stage>[^"]+)"[^}]*\} (?<sum>\S+)/gm,
  );
  return new Map([...sums].map(({ groups }) => [groups!['stage']!, Number(groups!['sum'])]));
}

/** What the processor had done at one moment. */
interface Account {
  readonly spans: number;
  readonly seconds: ReadonlyMap<string, number>;
}

function stageNote({ spansPerRequest, serverShare }: Workload, before: Account, after: Account): string {
  const spans = after.spans - before.spans;
  const stages = [...after.seconds].map(([stage, seconds]) => {
    return `${stage} ${(((seconds - (before.seconds.get(stage) ?? 0)) / spans) * 1e6).toFixed(2)}`;
  });
  const share = `${Math.round(serverShare * 100)} % SERVER`;
  return `Ours by stage, ${spansPerRequest} spans, ${share}, µs of clock time a span: ${stages.join(', ')}.`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
