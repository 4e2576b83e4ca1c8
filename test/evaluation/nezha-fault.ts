import { readFileSync } from 'node:fs';
import { type NezhaSpan, type NezhaTrace, spanKindOf } from './nezha-trace.ts';
import { SpanKind } from './labelled-span.ts';

const NANO_PER_SECOND = 1_000_000_000n;

/** A recording goes on while the next trace starts within this time. Within one there are seconds between, then minutes. */
const RECORDING_GAP_NANO = 60n * NANO_PER_SECOND;

export type FaultType = 'network_delay' | 'cpu_contention';

/** An injected fault. */
export interface NezhaFault {
  /** Counts from 1 in the order of the list. */
  readonly number: number;
  readonly type: FaultType;
  readonly pod: string;
  /** Value of the label: `network_delay#1`. */
  readonly label: string;
  /** It is there in [from, until). */
  readonly fromUnixNano: bigint;
  readonly untilUnixNano: bigint;
  /** What the list says in words. Up to a minute off: see `readNezhaFaults`. */
  readonly injectTime: string;
}

/**
 * What is labelled because of a fault.
 * - `faulty`: SERVER spans of the faulty pod. A lack of CPU makes them slow. A network delay does not: only the gap between
 *   them and the caller's CLIENT span shows it.
 * - `caller`: the same, but for a network delay that CLIENT span instead, and the SERVER span of the pod that made the call.
 * - `waiting`: all that is slow: as `caller`, and for either fault all SERVER spans that waited, up to the gateway's.
 */
export const LABELLINGS = ['faulty', 'caller', 'waiting'] as const;

export type Labelling = (typeof LABELLINGS)[number];

interface ListedFault {
  readonly inject_time: string;
  readonly inject_timestamp: string;
  readonly inject_pod: string;
  readonly inject_type: FaultType;
}

/**
 * The faults of a list, each with the recording it lies in; `traces` in order of their start.
 *
 * A fault begins at `inject_timestamp`. On 2023-01-30 that is `inject_time` as UTC for 13 of the 17, a minute later for
 * number 3, a minute earlier for numbers 4, 11 and 13. These four are network delays, and the spans agree with the
 * timestamp: calls take a second longer from then on, and none does before. The end is not listed; all last to the end
 * of their recording.
 */
export function readNezhaFaults(file: string, traces: readonly NezhaTrace[]): NezhaFault[] {
  const hours = JSON.parse(readFileSync(file, 'utf8')) as Record<string, readonly ListedFault[]>;
  const ends = recordingEnds(traces);
  const listed = Object.values(hours).flat();
  return listed.map(
    ({ inject_time: injectTime, inject_timestamp: timestamp, inject_pod: pod, inject_type: type }, i) => {
      const fromUnixNano = BigInt(timestamp) * NANO_PER_SECOND;
      const untilUnixNano = ends.find((end) => end > fromUnixNano);
      if (untilUnixNano === undefined) throw new Error(`${file}: nothing is recorded after ${injectTime}.`);
      return { number: i + 1, type, pod, label: `${type}#${i + 1}`, fromUnixNano, untilUnixNano, injectTime };
    },
  );
}

/** The last moment of each recording. */
function recordingEnds(traces: readonly NezhaTrace[]): bigint[] {
  const ends: bigint[] = [];
  traces.forEach(({ startTimeUnixNano, endTimeUnixNano }, i) => {
    const previous = traces[i - 1]?.startTimeUnixNano;
    if (previous === undefined || startTimeUnixNano - previous > RECORDING_GAP_NANO) ends.push(endTimeUnixNano);
    else if (endTimeUnixNano > ends.at(-1)!) ends[ends.length - 1] = endTimeUnixNano;
  });
  return ends;
}

/** The labels of a trace's spans by span id; ordinary spans have none. */
export function traceLabels(
  { spans }: NezhaTrace,
  faults: readonly NezhaFault[],
  labelling: Labelling,
): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  for (const span of spans.values()) {
    const fault = faults.find(
      ({ pod, fromUnixNano, untilUnixNano }) =>
        pod === span.pod && span.startTimeUnixNano >= fromUnixNano && span.startTimeUnixNano < untilUnixNano,
    );
    if (fault === undefined || spanKindOf(span.operation) !== SpanKind.SERVER) continue;
    const isSlow = fault.type === 'cpu_contention';
    if (isSlow || labelling === 'faulty') labels.set(span.spanId, fault.label);
    if (labelling === 'waiting' || (labelling === 'caller' && !isSlow)) {
      for (const waiting of waitingFor(span, spans, labelling)) labels.set(waiting.spanId, fault.label);
    }
  }
  return labels;
}

/** The CLIENT span that called `span`, and the SERVER spans that waited for it: the caller's own or all of them. */
function* waitingFor(
  span: NezhaSpan,
  spans: ReadonlyMap<string, NezhaSpan>,
  labelling: Labelling,
): Generator<NezhaSpan, void, void> {
  const call = spans.get(span.parentSpanId);
  if (call === undefined) return;
  yield call;
  for (let above = spans.get(call.parentSpanId); above !== undefined; above = spans.get(above.parentSpanId)) {
    if (spanKindOf(above.operation) !== SpanKind.SERVER) continue;
    yield above;
    if (labelling === 'caller') return;
  }
}
