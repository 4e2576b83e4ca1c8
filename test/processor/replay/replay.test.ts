import { ATTRIBUTE_NAMES } from '../../../processor/src/otlp/attributes.ts';
import type { SpanInput } from '../../../processor/src/otlp/request-writer.ts';
import { WireError } from '../../../processor/src/otlp/request-view.ts';
import type { Incident } from '../../../processor/src/detection/incident.ts';
import { Replay } from '../../../processor/src/replay/replay.ts';
import { LABEL_ATTRIBUTE } from '../../../processor/src/simulation/span.ts';
import { decodeWithBufbuild, spansOf } from '../../support/otlp-judges.ts';
import { call, nanoseconds, NOW, request, spansIn, verdictsIn } from '../pipeline/requests.ts';
import {
  boundsOf,
  configOf,
  QUICK,
  QUIET_UNTIL,
  replayed,
  type Replayed,
  requestsOf,
  SPANS_PER_REQUEST,
  workingDay,
} from './recorded-traffic.ts';

const SERVER = 2;
const HOUR = 3600;
const DAY = 24 * HOUR;
const YEAR_2100 = Date.UTC(2100, 0, 1) / 1000;

const world = workingDay(3);
const spans = [...world];
const bounds = boundsOf(world);
const requests = requestsOf(spans);
const learning = { until: QUIET_UNTIL };

const at = (index: number, seconds: number, attributes = {}): SpanInput => ({
  ...call(index, attributes),
  startTimeUnixNano: nanoseconds(seconds),
  endTimeUnixNano: nanoseconds(seconds + 0.1),
});

/** Start, in seconds, and `anomaly.state` of each span of a scored kind; `scored` where it has a score. */
function statesIn(body: Buffer): { seconds: number; state: unknown }[] {
  const verdicts = verdictsIn(body);
  return spansOf(decodeWithBufbuild(body)).flatMap(({ kind, startTimeUnixNano }, index) => {
    const verdict = verdicts[index]!;
    const state = 'anomaly.score' in verdict ? 'scored' : verdict['anomaly.state'];
    return kind === SERVER ? [{ seconds: Number(startTimeUnixNano / 1000n) / 1e6, state }] : [];
  });
}

const isLabelled = (body: Buffer): boolean => body.includes(LABEL_ATTRIBUTE);

const ids = (incidents: readonly Incident[]): string[] => incidents.map(({ id }) => id).toSorted();

describe('learning until a time', () => {
  test('marks every span before it as learned from, scores every span from it on, and trains in between', async () => {
    const middle = Math.floor(spans.filter(({ startMs }) => startMs < QUIET_UNTIL * 1000).length / SPANS_PER_REQUEST);
    const times = statesIn(requests[middle]!)
      .map(({ seconds }) => seconds)
      .toSorted((a, b) => a - b);
    // In the middle of a request, at the very start of one of its spans.
    const until = times[times.length >>> 1]!;
    const { annotated, replay } = await replayed(requests.slice(0, middle + 2), { learning: { until }, bounds });
    const states = [middle - 1, middle, middle + 1].map((index) => statesIn(annotated[index]!));
    for (const { seconds, state } of states.flat()) {
      expect([seconds, state]).toEqual([seconds, seconds < until ? 'learning' : 'scored']);
    }
    const learned = states[1]!.filter(({ state }) => state === 'learning').length;
    expect([learned, states[1]!.length - learned]).toEqual([times.length >>> 1, times.length - (times.length >>> 1)]);
    expect(replay.engine.lifecycle.active).toBeDefined();
    expect(replay.gates.map(({ gate }) => gate)).toContain('alert_rate');
    expect(verdictsIn(annotated[0]!).find((verdict) => 'anomaly.state' in verdict)).toEqual({
      'anomaly.state': 'learning',
    });
  });

  test('keeps the model that it trained then', async () => {
    const config = configOf({ ...QUICK, model: { ...QUICK['model'], retrain_every_hours: 1 } });
    const { replay, calls } = await replayed(requests, { learning, bounds, config });
    const { provenance } = replay.engine.lifecycle.active!;
    expect(provenance.trainedAtSeconds).toBeLessThan(QUIET_UNTIL);
    expect(provenance.trainedAtSeconds).toBeGreaterThan(QUIET_UNTIL - 600);
    for (const { seconds, score } of calls.values()) expect(score === undefined).toBe(seconds < QUIET_UNTIL);
    const { tally } = replay;
    expect(tally.learning + tally.scored).toBe(calls.size);
    // Some of what was scored moved on what is known of the users.
    expect(replay.engine.watermark.seconds).toBeGreaterThan(QUIET_UNTIL + HOUR);
  });

  test.each([
    ['in the year 2100', YEAR_2100],
    ['a day after the recording', bounds.to + DAY],
    ['without a time', 0],
    ['in 1970', 5],
  ])('is not ended by a span %s, which is learned from as little', async (_name, seconds) => {
    const [first, second, third] = requests;
    const stray = request([at(1, seconds), at(2, bounds.from + 100), at(3, seconds)]);
    const { annotated, replay } = await replayed([first!, stray, request([at(4, seconds)]), second!, third!], {
      learning,
      bounds,
    });
    expect(annotated.flatMap(statesIn).filter(({ state }) => state !== 'learning')).toEqual([]);
    const scorable = [first!, second!, third!].flatMap(statesIn).length;
    expect(replay.tally.learning).toBe(scorable + 4);
    // Of the four strays the one with a time counts.
    expect(replay.engine.lifecycle.snapshotCounters()[0]).toBe(scorable + 1);
    expect(replay.engine.watermark.seconds).toBeLessThan(QUIET_UNTIL);
  });

  test('from too little is an error that says so', async () => {
    const early = [request([at(1, NOW)]), request([at(2, NOW + HOUR)])];
    const given = { learning: { until: NOW + 60 }, bounds: { from: NOW, to: NOW + HOUR } };
    await expect(replayed(early, given)).rejects.toThrow(
      /^There are too few windows to learn from: .+; give it more traffic to train on\.$/,
    );
  });
});

describe('a replay', () => {
  let first: Replayed;

  beforeAll(async () => {
    first = await replayed(requests, { learning, bounds });
  });

  test('of the same input writes the same bytes', async () => {
    const second = await replayed(requests, { learning, bounds });
    expect(second.annotated.findIndex((body, index) => !body.equals(first.annotated[index]!))).toBe(-1);
    expect(second.calls).toEqual(first.calls);
    expect([...first.calls.values()].some(({ isAnomaly }) => isAnomaly)).toBe(true);
  });

  test('neither shows nor heeds an attribute that is hidden', async () => {
    const labelled = requestsOf(spans, SPANS_PER_REQUEST, LABEL_ATTRIBUTE);
    expect(labelled.filter(isLabelled).length).toBeGreaterThan(0);
    const hidden = await replayed(labelled, { learning, bounds, hiddenKeys: [LABEL_ATTRIBUTE] });
    expect(hidden.annotated.filter(isLabelled)).toEqual([]);
    expect(hidden.annotated.findIndex((body, index) => !body.equals(first.annotated[index]!))).toBe(-1);
    // Where it is not hidden it stays on the spans.
    const shown = await replayed(labelled.filter(isLabelled).slice(0, 1), { learning: 'as_served', bounds });
    expect(shown.annotated.filter(isLabelled)).toHaveLength(1);
  });

  test('keeps spans in their places, whatever the order in which they are judged', async () => {
    const wide = requestsOf(spans, 1000);
    const { annotated, calls } = await replayed(wide, { learning, bounds });
    for (const [index, body] of annotated.entries()) {
      const written = spansOf(decodeWithBufbuild(body));
      const given = spansOf(decodeWithBufbuild(wide[index]!));
      expect(written.map(({ spanId }) => spanId)).toEqual(given.map(({ spanId }) => spanId));
      for (const { spanId, kind, attributes } of written) {
        const judged = calls.get(Buffer.from(spanId).toString('hex'));
        const score = attributes.find(({ key }) => key === 'anomaly.score')?.value?.value.value;
        if (judged?.score !== score) expect([spanId, kind, score]).toEqual([spanId, kind, judged?.score]);
      }
    }
  });

  test('lets nobody pass for judged: attributes of ours that come with a span are replaced', async () => {
    const forged = request([at(1, bounds.from + 1, { 'anomaly.score': 1, 'anomaly.state': 'scored', kept: 'yes' })]);
    expect(ATTRIBUTE_NAMES).toContain('score');
    const { annotated } = await replayed([forged], { learning, bounds });
    expect(verdictsIn(annotated[0]!)).toEqual([{ 'anomaly.state': 'learning' }]);
    expect(spansIn(annotated[0]!)[0]!.attributes['kept']).toBe('yes');
  });

  test('gives back a request without a span of a scored kind as it is, and counts its spans', async () => {
    const replay = new Replay({ config: configOf(), learning, bounds });
    const body = request([
      { ...call(1), kind: 3 },
      { ...call(2), kind: 1 },
    ]);
    expect(await replay.annotated(body)).toBe(body);
    expect([replay.spanCount, replay.tally.learning]).toEqual([2, 0]);
  });

  test('goes on after a request that is malformed', async () => {
    const replay = new Replay({ config: configOf(), learning, bounds });
    await expect(replay.annotated(requests[0]!.subarray(0, -1))).rejects.toThrow(WireError);
    const annotated = await replay.annotated(requests[0]!);
    expect(annotated.equals(first.annotated[0]!)).toBe(true);
  });

  test('tells of incidents when they open, and has closed them all when it is finished', async () => {
    const opened: Incident[] = [];
    const closed: Incident[] = [];
    const replay = new Replay({
      config: configOf(),
      learning,
      bounds,
      listener: {
        call: () => {},
        opened: (incident) => opened.push(incident),
        closed: (incident) => closed.push(incident),
      },
    });
    for (const body of requests) await replay.judge(body);
    expect(opened.length).toBeGreaterThan(0);
    replay.finish();
    expect(ids(closed)).toEqual(ids(opened));
    expect(opened.every(({ startSeconds }) => startSeconds >= QUIET_UNTIL)).toBe(true);
  });
});

describe('learning as in serving', () => {
  test('trains when enough was seen and again later', async () => {
    const config = configOf({
      ...QUICK,
      model: { ...QUICK['model'], min_hours: 3, min_entities: 10, retrain_every_hours: 1 },
    });
    const { calls, annotated } = await replayed(requests, { learning: 'as_served', bounds, config });
    const scored = [...calls.values()].filter(({ score }) => score !== undefined);
    expect(scored.length).toBeGreaterThan(calls.size / 4);
    expect(scored.length).toBeLessThan(calls.size);
    // Every fifth request is enough to meet more than one model.
    const some = annotated.filter((_body, index) => index % 5 === 4).flatMap(verdictsIn);
    const versions = new Set(some.flatMap((verdict) => verdict['anomaly.model.version'] ?? []));
    expect(versions.size).toBeGreaterThan(1);
  });

  test('does so within one request that holds the whole recording, too', async () => {
    const config = configOf({
      ...QUICK,
      model: { ...QUICK['model'], min_hours: 3, min_entities: 10, retrain_every_hours: 0 },
    });
    const { calls } = await replayed(requestsOf(spans, Infinity), { learning: 'as_served', bounds, config });
    const scored = [...calls.values()].filter(({ score }) => score !== undefined);
    expect(scored.length).toBeGreaterThan(calls.size / 4);
  });
});
