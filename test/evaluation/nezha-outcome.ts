import { LabelledReplay } from '../../processor/src/evaluation/labelled-replay.ts';
import {
  type Measure,
  MEASURE_NAMES,
  NEGATIVE,
  POSITIVE,
  LEFT_OUT,
  Ranking,
} from '../../processor/src/evaluation/ranking.ts';
import { referencePath } from '../support/reference-data.ts';
import { labelledRequests } from './labelled-requests.ts';
import type { LabelledSpan } from './labelled-span.ts';
import type { Measures } from './measured-windows.ts';
import { LABELLINGS, type FaultType, type Labelling } from './nezha-fault.ts';
import { NEZHA_FOLDER, readNezhaTraffic } from './nezha-traffic.ts';
import { EVALUATED_CONFIG } from './simulated-world.ts';

/** How one fault fared under one labelling. */
export interface FaultOutcome {
  readonly labelling: Labelling;
  readonly type: FaultType;
  readonly label: string;
  readonly pod: string;
  /** SERVER spans with the label, and how many were flagged. */
  readonly spans: number;
  readonly flagged: number;
  /** From the injection to the first flagged span; NaN when there was none. */
  readonly delaySeconds: number;
}

export interface NezhaOutcome {
  readonly serverSpans: number;
  readonly testMinutes: number;
  readonly faults: readonly FaultOutcome[];
  readonly incidents: number;
  /** Incidents about nothing that any labelling knows of. */
  readonly falseIncidents: number;
  /** Per labelling and length of a window: how well the windows of endpoints are told apart. */
  readonly windows: readonly NezhaWindows[];
}

export interface NezhaWindows {
  readonly labelling: Labelling;
  readonly seconds: number;
  readonly negatives: number;
  readonly positives: number;
  /** With a flagged span. */
  readonly negativesFlagged: number;
  readonly positivesFlagged: number;
  readonly ours: Measures;
  /** A rule: the longest duration of the window as a multiple of the endpoint's longest while learning. */
  readonly rule: Measures;
}

/** One SERVER span of the test part. */
interface JudgedSpan {
  readonly endpoint: number;
  readonly seconds: number;
  readonly durationSeconds: number;
  /** Rarity of its endpoint's window so far, nats. */
  readonly evidence: number;
  readonly isAnomaly: boolean;
  readonly labels: Readonly<Record<Labelling, string>>;
}

/** `windowSeconds`: lengths of the windows of endpoints that are told apart. */
export async function nezhaOutcome({
  windowSeconds,
}: {
  readonly windowSeconds: readonly number[];
}): Promise<NezhaOutcome> {
  const { traffic, labelsOf } = readLabellings();
  const { spans, faults, learnUntilUnixNano } = traffic;
  const until = Number(learnUntilUnixNano) / 1e9;
  const judged: JudgedSpan[] = [];
  const usual = new Map<number, number>();
  let request: readonly LabelledSpan[] = [];
  const labelled: LabelledReplay = new LabelledReplay({
    config: EVALUATED_CONFIG,
    learning: { until },
    bounds: { from: Number(spans[0]!.startTimeUnixNano) / 1e9, to: Number(spans.at(-1)!.startTimeUnixNano) / 1e9 },
    seed: 1,
    listener: {
      call: ({ endpoint, startSeconds, durationSeconds }, span, judgement) => {
        const labels = labelsOf.get(request[span]!)!;
        const duration = Number.isNaN(durationSeconds) ? 0 : durationSeconds;
        if (judgement === undefined) usual.set(endpoint, Math.max(usual.get(endpoint) ?? 0, duration));
        else {
          const { isAnomaly } = judgement;
          // Of the endpoint, whether this call shows what is wrong with it or not.
          const { engine } = labelled.replay;
          const evidence = Math.max(0, engine.scorer.rarity('endpoint', engine.states.endpointSlot));
          judged.push({ endpoint, seconds: startSeconds, durationSeconds: duration, evidence, isAnomaly, labels });
        }
      },
    },
  });
  for (const { body, judged: own } of labelledRequests(spans)) {
    request = own;
    await labelled.judge(body, (span) => {
      const labels = labelsOf.get(own[span]!)!;
      return LABELLINGS.map((labelling) => labels[labelling]).find((label) => label !== '');
    });
  }
  labelled.replay.finish();
  const incidents = labelled.windows.incidents.outcomes(() => false);
  return {
    serverSpans: judged.length,
    testMinutes: new Set(judged.map(({ seconds }) => Math.floor(seconds / 60))).size,
    faults: LABELLINGS.flatMap((labelling) =>
      faults.map(({ label, type, pod, fromUnixNano }) => {
        const own = judged.filter(({ labels }) => labels[labelling] === label);
        const flagged = own.filter(({ isAnomaly }) => isAnomaly);
        const first = Math.min(...flagged.map(({ seconds }) => seconds));
        const delaySeconds = flagged.length === 0 ? Number.NaN : first - Number(fromUnixNano) / 1e9;
        return { labelling, type, label, pod, spans: own.length, flagged: flagged.length, delaySeconds };
      }),
    ),
    incidents: incidents.length,
    falseIncidents: incidents.filter(({ isFalse }) => isFalse).length,
    windows: LABELLINGS.flatMap((labelling) =>
      windowSeconds.map((seconds) => windowsOf(judged, labelling, seconds, usual)),
    ),
  };
}

/** The traffic once, and of each span the label that it has under every labelling. */
function readLabellings() {
  const folder = referencePath(NEZHA_FOLDER);
  const read = LABELLINGS.map((labelling) => readNezhaTraffic(folder, { labelling }));
  const [traffic] = read;
  const labelsOf = new Map<LabelledSpan, Record<Labelling, string>>();
  for (const [index, span] of traffic!.spans.entries()) {
    const labels = LABELLINGS.map((labelling, place) => [labelling, read[place]!.spans[index]!.label]);
    labelsOf.set(span, Object.fromEntries(labels) as Record<Labelling, string>);
  }
  return { traffic: traffic!, labelsOf };
}

/** Endpoint and window: positive with a label, negative where no labelling has one, else left out. */
function windowsOf(
  judged: readonly JudgedSpan[],
  labelling: Labelling,
  seconds: number,
  usual: ReadonlyMap<number, number>,
): NezhaWindows {
  const groups = Map.groupBy(judged, (span) => `${span.endpoint} ${Math.floor(span.seconds / seconds)}`);
  const members = [...groups.values()];
  const roles = Uint8Array.from(members, (spans) => {
    if (spans.some(({ labels }) => labels[labelling] !== '')) return POSITIVE;
    return spans.some(({ labels }) => LABELLINGS.some((any) => labels[any] !== '')) ? LEFT_OUT : NEGATIVE;
  });
  const ours = Float64Array.from(members, (spans) => Math.max(...spans.map(({ evidence }) => evidence)));
  const rule = Float64Array.from(members, (spans) => {
    const longest = Math.max(...spans.map(({ durationSeconds }) => durationSeconds));
    // An endpoint that was not there while learning has no limit yet.
    return longest / (usual.get(spans[0]!.endpoint) ?? Infinity);
  });
  const countOf = (role: number, isFlagged: boolean) =>
    members.filter((spans, place) => {
      return roles[place] === role && (!isFlagged || spans.some(({ isAnomaly }) => isAnomaly));
    }).length;
  return {
    labelling,
    seconds,
    negatives: countOf(NEGATIVE, false),
    positives: countOf(POSITIVE, false),
    negativesFlagged: countOf(NEGATIVE, true),
    positivesFlagged: countOf(POSITIVE, true),
    ours: measuresOf(ours, roles),
    rule: measuresOf(rule, roles),
  };
}

function measuresOf(values: Float64Array, roles: Uint8Array): Measures {
  const users = Uint32Array.from(values.keys());
  const out = Ranking.of(values, roles, users).measure(new Float64Array(MEASURE_NAMES.length));
  return Object.fromEntries(MEASURE_NAMES.map((name, column) => [name, out[column]!])) as Record<Measure, number>;
}
