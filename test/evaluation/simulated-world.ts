/** A simulated world, replayed through the serving path and compared with its ground truth. */
import { configSchema } from '../../processor/src/config/schema.ts';
import type { EntityWindows } from '../../processor/src/evaluation/entity-windows.ts';
import { type LabelledListener, LabelledReplay } from '../../processor/src/evaluation/labelled-replay.ts';
import { encodeRequest } from '../../processor/src/otlp/request-writer.ts';
import type { Replay } from '../../processor/src/replay/replay.ts';
import { type SimulatedSpan, SpanKind } from '../../processor/src/simulation/span.ts';
import { batchesOf, toResourceSpans } from '../../processor/src/simulation/trace-batch.ts';
import { createWorld, type WorldOptions } from '../../processor/src/simulation/world.ts';

const SPANS_PER_REQUEST = 200;

/** As the service is configured by default. */
export const EVALUATED_CONFIG = configSchema.parse({ export: {}, receiver: {} });

export interface Evaluated {
  readonly windows: EntityWindows;
  readonly replay: Replay;
  readonly spans: number;
  /** Share of the unlabelled calls of the test part that were flagged. */
  readonly ordinaryFlagged: number;
  /** What every incident is about, by its id. */
  readonly incidentKinds: LabelledReplay['incidentKinds'];
}

/** Hears of every call, and is given the replay that it happens in. */
export type ListenerOf = (replay: () => Replay) => LabelledListener;

/** Learns from the first `trainShare` of the world's time, and judges the rest. */
export async function evaluateWorld(
  options: WorldOptions,
  trainShare: number,
  listenerOf?: ListenerOf,
): Promise<Evaluated> {
  const world = createWorld(options);
  const until = (world.startMs + trainShare * (world.endMs - world.startMs)) / 1000;
  const labelled: LabelledReplay = new LabelledReplay({
    config: EVALUATED_CONFIG,
    learning: { until },
    bounds: { from: world.startMs / 1000, to: world.endMs / 1000 },
    seed: 1,
    ...(listenerOf !== undefined && { listener: listenerOf(() => labelled.replay) }),
  });
  let spans = 0;
  for (const { body, labels, size } of labelledBatches(world)) {
    spans += size;
    await labelled.judge(body, (span) => labels[span]);
  }
  labelled.replay.finish();
  const { windows, replay, ordinary, ordinaryFlagged, incidentKinds } = labelled;
  return { windows, replay, spans, incidentKinds, ordinaryFlagged: ordinaryFlagged / Math.max(1, ordinary) };
}

/** A world's spans as requests without any trace of the ground truth. `labels`: of the SERVER spans in their order. */
export function* labelledBatches(
  world: Iterable<SimulatedSpan>,
): Generator<
  { readonly body: Buffer; readonly labels: readonly (string | undefined)[]; readonly size: number },
  void,
  void
> {
  for (const batch of batchesOf(world, SPANS_PER_REQUEST)) {
    // A request holds its spans resource by resource.
    const grouped = [...Map.groupBy(batch, ({ resource }) => resource).values()].flat();
    const judged = grouped.filter(({ kind }) => kind === SpanKind.SERVER);
    const labels = judged.map(({ label }) => (label === '' ? undefined : label));
    yield { body: encodeRequest(toResourceSpans(grouped)), labels, size: batch.length };
  }
}
