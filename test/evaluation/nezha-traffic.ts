import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { LabelledSpan } from './labelled-span.ts';
import { type Labelling, type NezhaFault, readNezhaFaults, traceLabels } from './nezha-fault.ts';
import { byTime, type NezhaTrace, readNezhaTraces, serviceOf, spanKindOf } from './nezha-trace.ts';

const NANO_PER_MINUTE = 60_000_000_000n;
const NANO_PER_DAY = 1440n * NANO_PER_MINUTE;

const FAULT_DAY = '2023-01-30';

/** Where it lies in the folder of the reference data. */
export const NEZHA_FOLDER = 'nezha-trainticket';

/**
 * By how much learned traffic from before a fault is moved ahead, with its gaps: all of it (11:50 to 14:08) then lies
 * between the recordings without faults (08:48 to 08:51, and 11:38 to 11:39), as if recorded on the same morning.
 */
const LEARNED_AHEAD_NANO = 165n * NANO_PER_MINUTE;

export interface NezhaOptions {
  readonly labelling: Labelling;
  /**
   * Whether traffic from just before a fault is moved ahead, to be learned from. What is not stays where it was and
   * shows false alarms. Default: before the faults with an odd number.
   */
  readonly isLearned?: (faultNumber: number) => boolean;
}

export interface NezhaTraffic {
  /** In order of their start. */
  readonly spans: readonly LabelledSpan[];
  readonly faults: readonly NezhaFault[];
  /** Spans that start earlier are free of faults, and there to learn from. */
  readonly learnUntilUnixNano: bigint;
}

/**
 * Traces of the TrainTicket microservices with injected faults, as OTLP spans. First what is to be learned from (the
 * recordings without faults, of which one is from the day before and moved by exactly a day, and traces that ended before
 * a fault), then the rest in its own time. Services are the pods' names without suffixes; there is no status, user or size.
 */
export function readNezhaTraffic(folder: string, options: NezhaOptions): NezhaTraffic {
  const { labelling, isLearned = (number) => number % 2 === 1 } = options;
  const traces = readNezhaTraces(traceFiles(path.join(folder, FAULT_DAY, 'trace')));
  const faults = readNezhaFaults(path.join(folder, FAULT_DAY, `${FAULT_DAY}-fault_list.json`), traces);
  const resources = new PodResources();
  const learned = readFaultFree(path.join(folder, 'faultfree'), resources);
  const later: LabelledSpan[] = [];
  for (const trace of traces) {
    // A recording ends with its fault: the next fault to end is the one that a trace may lie before.
    const next = faults.find(({ untilUnixNano }) => trace.startTimeUnixNano < untilUnixNano);
    const isBefore = next !== undefined && trace.endTimeUnixNano < next.fromUnixNano;
    const isMoved = isBefore && isLearned(next.number);
    const labels = traceLabels(trace, faults, labelling);
    append(isMoved ? learned : later, trace, labels, isMoved ? -LEARNED_AHEAD_NANO : 0n, resources);
  }
  const learnUntilUnixNano = later.reduce(
    (earliest, { startTimeUnixNano: start }) => (start < earliest ? start : earliest),
    later[0]!.startTimeUnixNano,
  );
  return { spans: [...learned, ...later].toSorted(byTime), faults, learnUntilUnixNano };
}

function readFaultFree(folder: string, resources: PodResources): LabelledSpan[] {
  const spans: LabelledSpan[] = [];
  for (const day of readdirSync(folder).toSorted()) {
    const days = BigInt(Math.round((Date.parse(FAULT_DAY) - Date.parse(day)) / 86_400_000));
    for (const trace of readNezhaTraces(traceFiles(path.join(folder, day)))) {
      append(spans, trace, new Map(), days * NANO_PER_DAY, resources);
    }
  }
  return spans;
}

function traceFiles(folder: string): string[] {
  return readdirSync(folder)
    .toSorted()
    .map((name) => path.join(folder, name));
}

function append(
  spans: LabelledSpan[],
  trace: NezhaTrace,
  labels: ReadonlyMap<string, string>,
  shiftNano: bigint,
  resources: PodResources,
): void {
  for (const span of trace.spans.values()) {
    const { traceId, spanId, parentSpanId, pod, operation } = span;
    spans.push({
      resource: resources.of(pod),
      traceId,
      spanId,
      ...(parentSpanId !== '' && { parentSpanId }),
      name: operation,
      kind: spanKindOf(operation),
      startTimeUnixNano: span.startTimeUnixNano + shiftNano,
      endTimeUnixNano: span.endTimeUnixNano + shiftNano,
      label: labels.get(spanId) ?? '',
    });
  }
}

/** One resource a pod, so that spans of a pod share it. */
class PodResources {
  readonly #resources = new Map<string, LabelledSpan['resource']>();

  of(pod: string): LabelledSpan['resource'] {
    let resource = this.#resources.get(pod);
    if (resource === undefined) {
      resource = { 'service.name': serviceOf(pod), 'k8s.pod.name': pod };
      this.#resources.set(pod, resource);
    }
    return resource;
  }
}
