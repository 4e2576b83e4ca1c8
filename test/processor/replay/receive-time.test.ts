/** On which time a replay lives: files tell when spans started, not when they were received. */
import { encodeRequest, type SpanInput } from '../../../processor/src/otlp/request-writer.ts';
import { Replay } from '../../../processor/src/replay/replay.ts';
import { call, nanoseconds, NOW, request, resourceSpans } from '../pipeline/requests.ts';
import { configOf, replayed } from './recorded-traffic.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;

const at = (index: number, seconds: number): SpanInput => ({
  ...call(index),
  startTimeUnixNano: nanoseconds(seconds),
  endTimeUnixNano: nanoseconds(seconds + 0.1),
});

/** So many offsets, in seconds. */
const evenly = (count: number, seconds: number): number[] =>
  Array.from({ length: count }, (_, index) => index * seconds);

describe('the receive time', () => {
  const given = { learning: { until: NOW + 30 * DAY }, bounds: { from: NOW, to: NOW + 30 * DAY } };

  /** Spans whose state moved, and the latest event time after NOW, when the requests came one after another. */
  async function moved(...bodies: readonly (readonly number[])[]): Promise<[number, number]> {
    let index = 0;
    const requests = bodies.map((offsets) => request(offsets.map((offset) => at(index++, NOW + offset))));
    const { replay } = await replayed(requests, given);
    const { lifecycle, watermark } = replay.engine;
    return [lifecycle.snapshotCounters()[0]!, Math.round(watermark.seconds - NOW)];
  }

  test('goes along with the spans of a request, be it as wide as days', async () => {
    expect(await moved(evenly(100, 60))).toEqual([100, 99 * 60]);
    expect(await moved(evenly(73, HOUR))).toEqual([73, 72 * HOUR]);
    expect(await moved(evenly(73, HOUR).toReversed())).toEqual([73, 72 * HOUR]);
  });

  test('goes along where most of a request is one burst', async () => {
    const burst = evenly(500, 0.01).map((seconds) => 600 + seconds);
    expect(await moved([...evenly(10, 60), ...burst, ...evenly(60, 120).map((seconds) => 700 + seconds)])).toEqual([
      570,
      700 + 59 * 120,
    ]);
  });

  test('goes along from request to request, also after a quiet week', async () => {
    expect(await moved([0, 1], [7 * DAY, 7 * DAY + 1], [7 * DAY + 2])).toEqual([5, 7 * DAY + 2]);
  });

  test('is not led on by a clock two hours ahead of those it came with', async () => {
    expect(
      await moved(
        [...evenly(10, 1), 2 * HOUR],
        evenly(10, 1).map((seconds) => 20 + seconds),
      ),
    ).toEqual([20, 29]);
  });

  test('does not go back: what comes a day late moves nothing', async () => {
    expect(await moved([0], [2 * DAY], [3], [2 * DAY - HOUR])).toEqual([3, 2 * DAY]);
  });
});

test('one request may hold the spans of many services, each behind the other, and is lived through once', async () => {
  // Two services, a call a minute of each for an hour: in the request all of the first come before the second.
  const minutes = Array.from({ length: 60 }, (_, minute) => minute);
  const body = encodeRequest([
    resourceSpans(minutes.map((minute) => at(minute, NOW + 60 * minute))),
    resourceSpans(
      minutes.map((minute) => at(100 + minute, NOW + 60 * minute + 30)),
      'cart',
    ),
  ]);
  const seconds: number[] = [];
  const replay = new Replay({
    config: configOf(),
    learning: { until: NOW + DAY },
    bounds: { from: NOW, to: NOW + DAY },
    listener: { call: (judged) => seconds.push(judged.startSeconds) },
  });
  await replay.judge(body);
  expect(seconds).toEqual(Array.from({ length: 120 }, (_, half) => NOW + 30 * half));
});
