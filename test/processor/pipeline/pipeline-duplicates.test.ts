/** Requests sent again: senders retry, batchers regroup. Every span counts once. */
import * as fc from 'fast-check';
import { jest } from '@jest/globals';
import { StatusCode, SUCCESS, type TraceOutcome } from '../../../processor/src/component.ts';
import { call, calls, request, verdictsIn } from './requests.ts';
import { Stage } from './stage.ts';
import { ToldModel } from './told-model.ts';

const UNAVAILABLE: TraceOutcome = { ...SUCCESS, code: StatusCode.UNAVAILABLE, message: 'later', retryDelayMs: 1000 };

describe('the same bytes', () => {
  test('sent five times one after the other they get the same attributes and count once', async () => {
    const stage = new Stage();
    const told = new ToldModel('m-1');
    stage.lifecycle.promote(told.model);
    const body = request(calls(40));
    told.told.user.nats = 3;
    await stage.send(body);
    // What the model would say by now makes no difference.
    told.told.user.nats = 13;
    stage.lifecycle.promote(new ToldModel('m-2').model);
    for (let again = 0; again < 4; again++) await stage.send(Buffer.from(body));
    const [first, ...others] = stage.nextHop.received;
    for (const other of others) expect(other.equals(first!)).toBe(true);
    expect([stage.rows, stage.count('duplicate_spans_total'), stage.count('received_spans_total grpc')]).toEqual([
      40, 160, 200,
    ]);
    expect(new Set(verdictsIn(first!).map((verdict) => verdict['anomaly.model.version']))).toEqual(new Set(['m-1']));
  });

  test('sent five times at once, in slices that take turns, they are judged once', async () => {
    const stage = new Stage({ sliceSpans: 4 });
    const told = new ToldModel();
    stage.lifecycle.promote(told.model);
    const slices = jest.spyOn(stage.judge, 'judge');
    const body = request(calls(40));
    const outcomes = await Promise.all([1, 2, 3, 4, 5].map(() => stage.send(Buffer.from(body))));
    expect(outcomes).toEqual([SUCCESS, SUCCESS, SUCCESS, SUCCESS, SUCCESS]);
    const [first, ...others] = stage.nextHop.received;
    expect(others).toHaveLength(4);
    expect(slices).toHaveBeenCalledTimes(40 / 4);
    for (const other of others) expect(other.equals(first!)).toBe(true);
    expect([stage.rows, stage.count('duplicate_spans_total')]).toEqual([40, 160]);
  });

  test('sent again while the next hop has not answered yet, and after it refused, they count once', async () => {
    const stage = new Stage();
    const answered = Promise.withResolvers<TraceOutcome>();
    stage.nextHop.answer = (_request, turn) => (turn === 0 ? answered.promise : SUCCESS);
    const body = request(calls(10));
    const first = stage.send(body);
    expect(await stage.send(Buffer.from(body))).toEqual(SUCCESS);
    answered.resolve(UNAVAILABLE);
    expect(await first).toEqual(UNAVAILABLE);
    expect(await stage.send(Buffer.from(body))).toEqual(SUCCESS);
    expect(stage.rows).toBe(10);
    expect(stage.nextHop.received.map((sent) => sent.equals(stage.nextHop.received[0]!))).toEqual([true, true, true]);
    expect([stage.count('export_failed_spans_total UNAVAILABLE'), stage.count('exported_spans_total')]).toEqual([
      10, 20,
    ]);
  });

  test('with nothing remembered of bodies, spans still count once by their ids', async () => {
    const stage = new Stage({ duplicateBodiesBytes: 0 });
    const body = request(calls(10));
    for (let again = 0; again < 5; again++) expect(await stage.send(Buffer.from(body))).toEqual(SUCCESS);
    expect([stage.rows, stage.count('duplicate_spans_total')]).toEqual([10, 40]);
  });
});

describe('the same spans in other requests', () => {
  test('regrouped by a batcher they count once, in whatever groups they come', async () => {
    const groups = fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 12 }), {
      minLength: 1,
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(groups, async (requests) => {
        const stage = new Stage();
        await Promise.all(requests.map((indices) => stage.send(request(indices.map((index) => call(index))))));
        expect(stage.rows).toBe(new Set(requests.flat()).size);
        const sent = requests.flat().length;
        expect(stage.count('received_spans_total grpc')).toBe(sent);
        expect(stage.count('duplicate_spans_total')).toBe(sent - stage.rows);
      }),
      { numRuns: 25 },
    );
  });

  test('a repeated span is judged by the state as it is, which does not move', async () => {
    const stage = new Stage();
    const told = new ToldModel();
    stage.lifecycle.promote(told.model);
    await stage.send(request(calls(20)));
    const before = stage.fingerprint();
    const evaluated = { ...told.evaluations };
    await stage.send(request(calls(5, 10)));
    expect(stage.fingerprint()).toBe(before);
    expect(told.evaluations).toEqual(evaluated);
    expect(verdictsIn(stage.nextHop.received[1]!).every((verdict) => 'anomaly.score' in verdict)).toBe(true);
  });
});
