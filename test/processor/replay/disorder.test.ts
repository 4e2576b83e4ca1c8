/** What may be different in a recording without changing what is found: order within seconds, repetition, packing. */
import type { SimulatedSpan } from '../../../processor/src/simulation/span.ts';
import {
  boundsOf,
  configOf,
  QUICK,
  QUIET_UNTIL,
  replayed,
  type Replayed,
  requestsOf,
  workingDay,
} from './recorded-traffic.ts';

const SPANS_PER_LINE = 5;
const SWAP_WITHIN_MS = 3000;

const world = workingDay(3);
const spans = [...world];
const bounds = boundsOf(world);

let learned: Replayed;
let given: Replayed;

/** Spans a line, as recorded. */
const lines: SimulatedSpan[][] = [];
for (let first = 0; first < spans.length; first += SPANS_PER_LINE) {
  lines.push(spans.slice(first, first + SPANS_PER_LINE));
}
const recorded = requestsOf(spans, SPANS_PER_LINE);

/** Without explanations, which take the most time. */
const config = configOf({ ...QUICK, annotate: {} });
const judgedBy = ({ replay }: Replayed) => ({ learning: { model: replay.engine.lifecycle.active! }, bounds, config });
const learning = { learning: { until: QUIET_UNTIL }, bounds, config };

beforeAll(async () => {
  learned = await replayed(recorded, learning);
  given = await replayed(recorded, judgedBy(learned));
});

/** Neighbours that begin within three seconds change places, each line once at most. */
function swapped(): Buffer[] {
  const order = [...lines];
  let swaps = 0;
  for (let place = 0; place + 1 < order.length; place++) {
    const [line, next] = [order[place]!, order[place + 1]!];
    if (next[0]!.startMs - line[0]!.startMs > SWAP_WITHIN_MS) continue;
    [order[place], order[place + 1]] = [next, line];
    place++;
    swaps++;
  }
  expect(swaps).toBeGreaterThan(lines.length / 5);
  return order.flatMap((line) => requestsOf(line));
}

/** Every tenth line of five is followed by one of its spans once more, twenty lines later: one span in fifty. */
function doubled(): Buffer[] {
  return recorded.flatMap((body, line) => {
    const earlier = lines[line - 20];
    return earlier !== undefined && line % 10 === 0 ? [body, ...requestsOf(earlier.slice(0, 1))] : [body];
  });
}

/** Share of the calls after the learning part with the same verdict, and by how much their scores differ. */
function compare({ calls }: Replayed, { calls: others }: Replayed) {
  let [count, same, difference, anomalies] = [0, 0, 0, 0];
  for (const [id, { seconds, score, isAnomaly }] of calls) {
    const other = others.get(id)!;
    if (seconds < QUIET_UNTIL || score === undefined || other.score === undefined) continue;
    count++;
    if (isAnomaly) anomalies++;
    if (isAnomaly === other.isAnomaly) same++;
    difference += Math.abs(score - other.score);
  }
  expect(anomalies).toBeGreaterThan(50);
  expect(others.size).toBe(calls.size);
  return { sameVerdict: same / count, meanDifference: difference / count };
}

describe('with the same model', () => {
  test('lines that change places within seconds leave 99.5 % of the verdicts and the scores to 0.02', async () => {
    const { sameVerdict, meanDifference } = compare(given, await replayed(swapped(), judgedBy(learned)));
    expect(sameVerdict).toBeGreaterThanOrEqual(0.995);
    expect(meanDifference).toBeLessThan(0.02);
    // It is disorder all the same.
    expect(meanDifference).toBeGreaterThan(0);
  });

  test('spans that come twice change nothing', async () => {
    const twice = await replayed(doubled(), judgedBy(learned));
    expect(twice.replay.tally.duplicates).toBeGreaterThan(0.005 * spans.length);
    expect(compare(given, twice)).toEqual({ sameVerdict: 1, meanDifference: 0 });
  });

  test('one request that holds the whole recording is judged as its lines are', async () => {
    const { sameVerdict, meanDifference } = compare(
      given,
      await replayed(requestsOf(spans, Infinity), judgedBy(learned)),
    );
    expect(sameVerdict).toBeGreaterThanOrEqual(0.999);
    expect(meanDifference).toBeLessThan(0.002);
  });
});

// Another order draws another sample and other trees: as far apart as the models of two seeds.
describe('where the model is learned from it, too', () => {
  test('lines that change places within seconds leave 94 % of the verdicts and the scores to 0.1', async () => {
    const { sameVerdict, meanDifference } = compare(learned, await replayed(swapped(), learning));
    expect(sameVerdict).toBeGreaterThanOrEqual(0.94);
    expect(meanDifference).toBeLessThan(0.1);
  });

  test('spans that come twice leave 99.5 % of the verdicts and the scores to 0.01', async () => {
    const { sameVerdict, meanDifference } = compare(learned, await replayed(doubled(), learning));
    expect(sameVerdict).toBeGreaterThanOrEqual(0.995);
    expect(meanDifference).toBeLessThan(0.01);
  });
});
