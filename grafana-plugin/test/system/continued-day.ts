/** More of the demo's day, up to now, with attacks that are still going on: without them every incident would be over. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PROCESSOR = path.join(import.meta.dirname, '../../../processor/src');
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** As the demo has them: the same people, and where its day ends. */
const SEED = 1;
const USERS = 300;
const SIMULATED_END_MS = Date.UTC(2026, 0, 15, 4);
/** Event time runs ahead of the receive time by no more than this, or the processor holds it back. */
const AHEAD_MS = 4 * MINUTE_MS;
const LONGEST_ATTACK_MS = 14 * MINUTE_MS;
const SPANS_PER_REQUEST = 50;
/** Sent over so long a time that what scrapes sees it happen. */
const SENT_WITHIN_MS = 25_000;
const ATTACKS = ['credential_stuffing', 'enumeration', 'data_exfiltration', 'latency', 'privilege_probing'] as const;

interface Span {
  readonly startMs: number;
}

interface Simulation {
  readonly createWorld: (options: object) => Iterable<Span>;
  readonly batchesOf: (spans: Iterable<Span>, size: number) => Iterable<readonly Span[]>;
  readonly toResourceSpans: (batch: readonly Span[], options: { readonly shiftMs: number }) => unknown;
  readonly encodeRequest: (spans: unknown) => Buffer;
  readonly DemoSender: new (address: string) => {
    send(body: Buffer): Promise<void>;
    settle(): Promise<void>;
    stop(): void;
  };
}

/** Sends it to the receiver at `address` (host:port, OTLP/gRPC). */
export async function continueDay(address: string): Promise<void> {
  const { createWorld, batchesOf, toResourceSpans, encodeRequest, DemoSender } = await simulation();
  const shiftMs = Math.floor((Date.now() - SIMULATED_END_MS) / HOUR_MS) * HOUR_MS;
  const endMs = Date.now() + AHEAD_MS - shiftMs;
  const attackedFromMs = Math.max(SIMULATED_END_MS, endMs - LONGEST_ATTACK_MS);
  const world = createWorld({
    seed: SEED,
    users: USERS,
    startMs: SIMULATED_END_MS,
    days: (endMs - SIMULATED_END_MS) / (24 * HOUR_MS),
    attacks: ATTACKS.map((behavior) => ({ behavior, intensity: 'high', fromMs: attackedFromMs })),
    quietShare: 0,
  });
  const sender = new DemoSender(address);
  const batches = [...batchesOf(world, SPANS_PER_REQUEST)];
  for (const batch of batches) {
    await sender.send(encodeRequest(toResourceSpans(batch, { shiftMs })));
    await sleep(SENT_WITHIN_MS / batches.length);
  }
  await sender.settle();
  sender.stop();
}

/** Of the processor, which another TypeScript checks. */
async function simulation(): Promise<Simulation> {
  const files = ['simulation/world.ts', 'simulation/trace-batch.ts', 'otlp/request-writer.ts', 'cli/demo-sender.ts'];
  const modules = await Promise.all(files.map(async (file): Promise<object> => import(path.join(PROCESSOR, file))));
  return Object.assign({}, ...modules) as Simulation;
}
