/** Simulated traffic as a recording holds it, and a replay of it with what it found. */
import { type Config, configSchema } from '../../../processor/src/config/schema.ts';
import { encodeRequest } from '../../../processor/src/otlp/request-writer.ts';
import { Replay, type ReplayOptions } from '../../../processor/src/replay/replay.ts';
import type { SimulatedSpan } from '../../../processor/src/simulation/span.ts';
import { batchesOf, toResourceSpans } from '../../../processor/src/simulation/trace-batch.ts';
import { createWorld, type World } from '../../../processor/src/simulation/world.ts';
import type { Settings } from '../running-service.ts';

/** A Wednesday morning. */
const START_MS = Date.UTC(2026, 0, 14, 8);
const HOURS = 6;
/** Nothing is attacked before. */
const QUIET_HOURS = 4;
export const SPANS_PER_REQUEST = 200;

/** A small model that is trained in no time, and every span explained. */
export const QUICK: Settings = {
  model: { min_rows: 2000, min_entities: 20, min_hours: 1, trees: 10, sample_rows: 3000 },
  annotate: { detail: 'full' },
  pipeline: { max_spans_per_request: 1_000_000 },
};

/** A working day of a small site; a few attacks in its last hours. */
export function workingDay(seed: number): World {
  return createWorld({
    seed,
    users: 20,
    days: HOURS / 24,
    startMs: START_MS,
    attacks: [
      { behavior: 'enumeration', intensity: 'medium' },
      { behavior: 'latency', intensity: 'high' },
    ],
    quietShare: QUIET_HOURS / HOURS,
  });
}

/** When the attacks may begin, Unix seconds. */
export const QUIET_UNTIL = (START_MS + QUIET_HOURS * 3_600_000) / 1000;

/** The spans of a world as requests, in order of time. */
export function requestsOf(
  spans: Iterable<SimulatedSpan>,
  spansPerRequest = SPANS_PER_REQUEST,
  labelAttribute?: string,
): Buffer[] {
  return Array.from(batchesOf(spans, spansPerRequest), (batch) =>
    encodeRequest(toResourceSpans(batch, labelAttribute === undefined ? {} : { labelAttribute })),
  );
}

export const boundsOf = ({ startMs, endMs }: World): ReplayOptions['bounds'] => ({
  from: startMs / 1000,
  to: endMs / 1000,
});

export const configOf = (settings: Settings = QUICK): Config => configSchema.parse(settings);

/** A judged call, as far as the tests look into it. */
export interface JudgedCall {
  readonly seconds: number;
  /** Undefined while learning. */
  readonly score: number | undefined;
  readonly isAnomaly: boolean;
}

/** A replay to its end. `annotated`: what it wrote, one by one. `calls`: by 16 digits of the span's id. */
export interface Replayed {
  readonly replay: Replay;
  readonly annotated: Buffer[];
  readonly calls: Map<string, JudgedCall>;
}

export async function replayed(
  requests: Iterable<Buffer>,
  options: Partial<ReplayOptions> & Pick<ReplayOptions, 'bounds' | 'learning'>,
): Promise<Replayed> {
  const calls = new Map<string, JudgedCall>();
  const replay = new Replay({
    config: configOf(),
    listener: {
      call: ({ spanHigh, spanLow, startSeconds }, _span, judgement) => {
        const id = [spanHigh, spanLow].map((word) => word.toString(16).padStart(8, '0')).join('');
        // A repeated span has been judged before.
        if (calls.has(id)) return;
        calls.set(id, {
          seconds: startSeconds,
          score: judgement?.score,
          isAnomaly: judgement?.isAnomaly ?? false,
        });
      },
    },
    ...options,
  });
  const annotated: Buffer[] = [];
  for (const body of requests) annotated.push(Buffer.from(await replay.annotated(body)));
  replay.finish();
  return { replay, annotated, calls };
}
