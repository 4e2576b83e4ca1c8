/**
 * `demo`: the whole job on one machine with no other software. A simulated day of API traffic goes over real OTLP/gRPC through
 * the real service to a real next hop; the verdicts that come back on the spans are compared with what really happened.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { configSchema } from '../config/schema.ts';
import { encodeRequest } from '../otlp/request-writer.ts';
import type { IncidentNotice } from '../incident-notice.ts';
import { createService, type Service } from '../service.ts';
import { Random } from '../simulation/random.ts';
import { batchesOf, toResourceSpans } from '../simulation/trace-batch.ts';
import { createWorld, EVERY_ATTACK, type World } from '../simulation/world.ts';
import { createLog } from '../telemetry/log.ts';
import { DemoNextHop } from './demo-next-hop.ts';
import { count, incidentLine, metricsText, scoreCardText, type Style, sumMetrics } from './demo-report.ts';
import { GroundTruth, type ScoreCard } from './demo-score-card.ts';
import { DemoSender } from './demo-sender.ts';
import { createProgress, type Progress } from './progress.ts';

/** Simulated time after which the demo waits for the training under way. */
const RETRAINED_EVERY_MS = 2 * 3_600_000;
const HOUR_MS = 3_600_000;
const SEED = 1;
const USERS = 300;
/** Simulated hours. Times are shifted by whole hours to end at most an hour ago; the watermark takes nothing older than a day. */
const HOURS = 22;
/** No attack before this share of the day: the service learns from it. */
const QUIET_SHARE = 0.45;
/** The morning of a Wednesday: an ordinary working day, of which the service sees the busy hours first. */
const SIMULATED_START_MS = Date.UTC(2026, 0, 14, 6);
const SPANS_PER_REQUEST = 200;
/** Longest wait for a first training, and for the last one before the attacks. */
const TRAINING_MS = 4000;
const LAST_TRAINING_MS = 15_000;
const NO_MODEL = 'The service has learned no model in time; run the demo again on a machine that has less to do.';
const STOP_MS = 10_000;

interface Options {
  readonly keep?: boolean;
  readonly json?: boolean;
}

/** The parts of a running demo. */
interface Stage {
  readonly service: Service;
  readonly sender: DemoSender;
  readonly nextHop: DemoNextHop;
  readonly world: World;
  readonly truth: GroundTruth;
  /** Sent time minus simulated time. */
  readonly shiftMs: number;
  readonly progress: Progress;
}

export function demoCommand(): Command {
  return new Command('demo')
    .description('run the service on simulated traffic with attacks, and show what it finds; needs nothing else')
    .option('--keep', 'keep the service running afterwards, until interrupted')
    .option('--json', 'print the result as JSON; progress goes to standard error')
    .action(demo);
}

async function demo({ keep = false, json = false }: Options): Promise<void> {
  const screen = json ? process.stderr : process.stdout;
  const style: Style = { isTerminal: screen.isTTY };
  const folder = await mkdtemp(path.join(tmpdir(), 'api-anomaly-demo-'));
  const nextHop = new DemoNextHop();
  try {
    const service = await createDemoService(folder, await nextHop.start());
    try {
      await service.start();
      const result = await play(service, nextHop, screen, style);
      if (json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
      if (keep) await keepRunning(service, screen);
    } finally {
      await service.stop(AbortSignal.timeout(STOP_MS));
    }
  } finally {
    nextHop.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function createDemoService(folder: string, nextHop: string): Promise<Service> {
  const config = configSchema.parse({
    receiver: { grpc_port: 0, http_port: 0 },
    control: { port: 0 },
    export: { endpoint: nextHop },
    store: { directory: folder },
    model: { seed: SEED },
  });
  const log = createLog({ level: 'error', destination: { write: (line) => void process.stderr.write(line) } });
  const random = new Random(SEED, 'service');
  return createService(config, { clock: Date.now, random: () => random.uniform(), log });
}

/** Sends the day, prints what is found as it is found, then the score card. */
async function play(service: Service, nextHop: DemoNextHop, screen: NodeJS.WriteStream, style: Style): Promise<object> {
  const world = createWorld({
    seed: SEED,
    users: USERS,
    days: HOURS / 24,
    startMs: SIMULATED_START_MS,
    attacks: EVERY_ATTACK,
    intensity: 'medium',
    quietShare: QUIET_SHARE,
  });
  const shiftMs = Math.floor((Date.now() - world.endMs) / HOUR_MS) * HOUR_MS;
  const truth = new GroundTruth(world.episodes);
  const { grpc, control } = service.addresses();
  screen.write(
    `${HOURS} hours of a simulated API with ${USERS} users, sent over OTLP/gRPC through the service at ${grpc}.\n` +
      `${world.episodes.length} attacks are hidden in it. The service learns first; what it finds appears below.\n\n`,
  );
  const progress = createProgress(screen, 'Simulated day');
  const sender = new DemoSender(grpc);
  const announced = new Map<string, IncidentNotice>();
  service.onIncident((incident) => {
    announced.set(incident.id, incident);
    progress.line(incidentLine(incident, shiftMs, style));
  });
  const startedMs = performance.now();
  let sent: number;
  try {
    sent = await send({ service, sender, nextHop, world, truth, shiftMs, progress });
  } finally {
    progress.stop();
    sender.stop();
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const card = truth.judge(nextHop.flagged);
  const url = `http://${control}/metrics`;
  const metrics = await (await fetch(url)).text();
  screen.write(
    `\n${scoreCardText(card, announced, style)}\n\n${metricsText(metrics, url, style)}\n\n` +
      `${count(sent)} spans sent in ${seconds.toFixed(1)} s, ${count(nextHop.spans)} arrived at the next hop: ` +
      `${count(nextHop.scoredSpans)} scored, ${count(nextHop.learningSpans)} during learning.\n`,
  );
  return resultOf(card, sent, nextHop, seconds, metrics);
}

async function send({ service, sender, nextHop, world, truth, shiftMs, progress }: Stage): Promise<number> {
  const lastQuietMs = world.startMs + QUIET_SHARE * (world.endMs - world.startMs) - HOUR_MS;
  let sent = 0;
  let nextLookMs = world.startMs;
  for (const batch of batchesOf(world, SPANS_PER_REQUEST)) {
    const nowMs = batch[0]!.startMs;
    // A training of a second would last many simulated minutes: time stands still for it. It is repeated hourly if need be.
    if (service.modelVersion() === undefined && service.learningProgress() >= 1 && nowMs >= nextLookMs) {
      await sender.settle();
      await waitForModel(service, TRAINING_MS);
      nextLookMs = nowMs + HOUR_MS / 4;
    }
    if (service.modelVersion() !== undefined && nowMs >= nextLookMs) {
      await sender.settle();
      await service.trained();
      nextLookMs = nowMs + RETRAINED_EVERY_MS;
    }
    if (nowMs > lastQuietMs && !(await waitForModel(service, LAST_TRAINING_MS))) throw new Error(NO_MODEL);
    for (const span of batch) truth.note(span);
    await sender.send(encodeRequest(toResourceSpans(batch, { shiftMs })));
    sent += batch.length;
    progress.update(
      Math.max(0, Math.min(1, (nowMs - world.startMs) / (world.endMs - world.startMs))),
      `${new Date(nowMs).toISOString().slice(11, 16)}, ${count(sent)} spans, ${stateOf(service)}, ${nextHop.flagged.length} flagged`,
    );
  }
  await sender.settle();
  progress.update(1, `${count(sent)} spans`);
  return sent;
}

function stateOf(service: Service): string {
  const version = service.modelVersion();
  return version === undefined ? `learning ${Math.floor(100 * service.learningProgress())} %` : `model ${version}`;
}

/** Waits for the first model; false when none comes in time. */
async function waitForModel(service: Service, timeoutMs: number): Promise<boolean> {
  const untilMs = performance.now() + timeoutMs;
  while (service.modelVersion() === undefined) {
    if (performance.now() > untilMs) return false;
    await sleep(20);
  }
  return true;
}

function resultOf(card: ScoreCard, sent: number, nextHop: DemoNextHop, seconds: number, metrics: string): object {
  return {
    ...card,
    spans: { sent, arrived: nextHop.spans, scored: nextHop.scoredSpans, learning: nextHop.learningSpans },
    seconds,
    incidentsTotal: sumMetrics(metrics).get('api_anomaly_incidents_total') ?? 0,
  };
}

async function keepRunning(service: Service, screen: NodeJS.WriteStream): Promise<void> {
  const { grpc, http, control } = service.addresses();
  screen.write(
    `\nStill running: OTLP/gRPC on ${grpc}, OTLP/HTTP on ${http}, metrics at http://${control}/metrics. Interrupt to stop.\n`,
  );
  await new Promise<void>((resolve) => {
    // Signal handlers alone do not keep a process alive, but the listeners of the service do.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
