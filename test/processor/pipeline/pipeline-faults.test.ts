/** Faults of ours and overload: our work is given up, nobody's data. */
import * as fc from 'fast-check';
import { StatusCode, SUCCESS, type TraceOutcome } from '../../../processor/src/component.ts';
import { call, calls, request, spansIn, verdictsIn } from './requests.ts';
import { Stage } from './stage.ts';

const FAULT = new Error('a defect of ours');

/** Makes judging throw when it comes to the span at which `isFaulty` says so. */
function breakJudge(stage: Stage, isFaulty: (from: number) => boolean): void {
  const { judge } = stage;
  const real = judge.judge.bind(judge);
  judge.judge = (view, turn, annotations, tally) => {
    if (isFaulty(turn.from)) throw FAULT;
    real(view, turn, annotations, tally);
  };
}

describe('a fault while judging', () => {
  test.each([
    ['at the first span', (from: number) => from === 0],
    ['half-way, after other spans were judged', (from: number) => from === 8],
  ])('%s: the spans pass as they came, marked and counted', async (_name, isFaulty) => {
    const stage = new Stage({ sliceSpans: 4 });
    breakJudge(stage, isFaulty);
    const spans = [...calls(12), { ...call(12), kind: 3 }];
    expect(await stage.send(request(spans))).toEqual(SUCCESS);
    const passed = spansIn(stage.nextHop.received[0]!);
    const sent = spansIn(request(spans));
    expect(passed.map(({ spanId }) => spanId)).toEqual(sent.map(({ spanId }) => spanId));
    expect(verdictsIn(stage.nextHop.received[0]!)).toEqual([
      ...Array.from({ length: 12 }, () => ({ 'anomaly.state': 'error' })),
      {},
    ]);
    expect(stage.count('unscored_spans_total error')).toBe(12);
    expect(stage.faults).toEqual([FAULT]);
  });

  test('it is forgotten: the same bytes are judged when they come again, and count once', async () => {
    const stage = new Stage({ sliceSpans: 4 });
    let isBroken = true;
    breakJudge(stage, (from) => isBroken && from === 8);
    const body = request(calls(12));
    await stage.send(body);
    isBroken = false;
    await stage.send(Buffer.from(body));
    expect(new Set(verdictsIn(stage.nextHop.received[1]!).map((verdict) => verdict['anomaly.state']))).toEqual(
      new Set(['learning']),
    );
    expect(stage.rows).toBe(12);
  });

  test('the same bytes in work at the same time do not wait for ever, nor are they judged twice at once', async () => {
    const stage = new Stage({ sliceSpans: 4 });
    let failures = 2;
    breakJudge(stage, (from) => from === 8 && failures-- > 0);
    const body = request(calls(12));
    await Promise.all([1, 2, 3, 4].map(() => stage.send(Buffer.from(body))));
    const states = stage.nextHop.received.map((passed) => verdictsIn(passed)[0]!['anomaly.state']);
    const countOf = (wanted: string): number => states.filter((state) => state === wanted).length;
    expect([countOf('error'), countOf('learning')]).toEqual([2, 2]);
    expect(stage.rows).toBe(12);
  });
});

describe('a fault elsewhere', () => {
  test('while the attributes are written into the request: it passes, marked', async () => {
    const stage = new Stage();
    const { forwarding } = stage;
    const real = forwarding.parts.bind(forwarding);
    forwarding.parts = (_view, annotations) => {
      forwarding.parts = real;
      annotations.reset();
      throw FAULT;
    };
    expect(await stage.send(request(calls(2)))).toEqual(SUCCESS);
    expect(verdictsIn(stage.nextHop.received[0]!)).toEqual([
      { 'anomaly.state': 'error' },
      { 'anomaly.state': 'error' },
    ]);
    expect(stage.faults).toEqual([FAULT]);
  });

  test('in the exporter: the sender is asked to come back, with nothing about the cause', async () => {
    const stage = new Stage();
    stage.nextHop.answer = () => Promise.reject(FAULT);
    const outcome = await stage.send(request(calls(2)));
    expect(outcome).toMatchObject({ code: StatusCode.UNAVAILABLE, retryDelayMs: 1000 });
    expect(outcome.message).not.toContain(FAULT.message);
    expect(stage.faults).toEqual([FAULT]);
  });
});

describe('overload', () => {
  test('above 80 % of the bytes in flight spans pass unscored, until less than 60 % are used', async () => {
    const stage = new Stage({ budget: 1_000_000 });
    const states: unknown[] = [];
    let span = 0;
    for (const used of [500_000, 810_000, 700_000, 590_000, 700_000]) {
      stage.bytes.release(stage.bytes.used);
      stage.bytes.tryReserve(used);
      await stage.send(request([call(span++), { ...call(span++), kind: 3 }]));
      states.push(verdictsIn(stage.nextHop.received.at(-1)!));
    }
    expect(states).toEqual(
      ['learning', 'shed', 'shed', 'learning', 'learning'].map((state) => [{ 'anomaly.state': state }, {}]),
    );
    expect([stage.count('unscored_spans_total shed'), stage.rows]).toEqual([2, 3]);
  });

  test('spans that were shed are judged when they come again', async () => {
    const stage = new Stage({ budget: 1_000_000 });
    const body = request(calls(3));
    stage.bytes.tryReserve(900_000);
    await stage.send(body);
    stage.bytes.release(900_000);
    await stage.send(Buffer.from(body));
    expect(verdictsIn(stage.nextHop.received[1]!)[0]).toEqual({ 'anomaly.state': 'learning' });
  });

  test('where the annotated request does not fit into the bytes in flight, the sender is asked to come back', async () => {
    const stage = new Stage({ budget: 100_000 });
    stage.bytes.tryReserve(99_990);
    const outcome = await stage.send(request(calls(3)));
    expect(outcome).toMatchObject({ code: StatusCode.UNAVAILABLE, retryDelayMs: 1000 });
    expect([stage.nextHop.received, stage.bytes.used]).toEqual([[], 99_990]);
  });

  type Answer = { code: StatusCode; mayRetry: boolean } | 'throws';
  const answer = fc.oneof(
    fc.record({ code: fc.constantFrom(...Object.values(StatusCode)), mayRetry: fc.boolean() }),
    fc.constant<Answer>('throws'),
  );

  test('whatever becomes of requests, all their bytes are given back', async () => {
    const plan = fc.record({
      answers: fc.array(answer, { minLength: 1, maxLength: 12 }),
      sizes: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 8 }),
      budget: fc.integer({ min: 3000, max: 60_000 }),
      isForged: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ answers, sizes, budget, isForged }) => {
        const stage = new Stage({ budget, limit: 4000, sliceSpans: 8 });
        let judged = 0;
        breakJudge(stage, () => ++judged % 7 === 0);
        let highest = 0;
        stage.nextHop.answer = async (_request, turn): Promise<TraceOutcome> => {
          highest = Math.max(highest, stage.bytes.used);
          await new Promise((resolve) => setImmediate(resolve));
          const planned = answers[turn % answers.length]!;
          if (planned === 'throws') throw FAULT;
          const outcome = { ...SUCCESS, code: planned.code };
          return planned.mayRetry ? { ...outcome, retryDelayMs: 1 } : outcome;
        };
        const attributes = isForged ? { 'anomaly.score': { double: 1 } } : {};
        const bodies = sizes.map((size) =>
          request(Array.from({ length: size }, (_, index) => call(index, attributes))),
        );
        await Promise.all(bodies.map((body) => stage.send(body)));
        expect(stage.bytes.used).toBe(0);
        expect(highest).toBeLessThanOrEqual(budget);
      }),
      { numRuns: 60 },
    );
  });
});

describe('large requests', () => {
  test('are worked on in slices: a small one that comes later is answered first', async () => {
    const stage = new Stage({ sliceSpans: 16 });
    const order: string[] = [];
    const large = stage.send(request(calls(2000))).then(() => order.push('large'));
    const small = stage.send(request(calls(2, 5000))).then(() => order.push('small'));
    await Promise.all([large, small]);
    expect(order).toEqual(['small', 'large']);
    expect(spansIn(stage.nextHop.received[1]!)).toHaveLength(2000);
  });

  test('let others have their turn while they are judged, too', async () => {
    const stage = new Stage({ sliceSpans: 16 });
    const { judge } = stage;
    const real = judge.judge.bind(judge);
    let small: Promise<unknown> | undefined;
    let isSmallAnswered = false;
    let wasAnsweredInBetween = false;
    judge.judge = (view, turn, annotations, tally) => {
      real(view, turn, annotations, tally);
      // The small one comes when the large one has been read and its first slice judged.
      if (view.scorableCount > 100 && turn.from === 0)
        small = stage.send(request(calls(2, 5000))).then(() => (isSmallAnswered = true));
      if (turn.to === 2000) wasAnsweredInBetween = isSmallAnswered;
    };
    await stage.send(request(calls(2000)));
    await small;
    expect(wasAnsweredInBetween).toBe(true);
  });

  test('two large ones in work at the same time keep to themselves what they find', async () => {
    const stage = new Stage({ sliceSpans: 16 });
    await Promise.all([stage.send(request(calls(300))), stage.send(request(calls(300, 1000)))]);
    for (const passed of stage.nextHop.received) {
      expect(verdictsIn(passed)).toEqual(Array.from({ length: 300 }, () => ({ 'anomaly.state': 'learning' })));
    }
    expect(stage.rows).toBe(600);
  });

  test('what waits for the next hop stays as it is while other requests come and go', async () => {
    const stage = new Stage();
    const changed: number[] = [];
    stage.nextHop.answer = async ({ body }, turn) => {
      const before = Buffer.from(body);
      for (let turns = turn % 5; turns >= 0; turns--) await new Promise((resolve) => setImmediate(resolve));
      if (!before.equals(body)) changed.push(turn);
      return SUCCESS;
    };
    for (let round = 0; round < 5; round++) {
      const bodies = Array.from({ length: 20 }, (_, index) =>
        request(calls(1 + (index % 7), 100 * (20 * round + index))),
      );
      await Promise.all(bodies.map((body) => stage.send(body)));
    }
    expect([stage.nextHop.received.length, changed]).toEqual([100, []]);
  });

  test('more requests at once than workplaces are kept for are served all the same', async () => {
    const stage = new Stage();
    const bodies = Array.from({ length: 40 }, (_, index) => request(calls(3, 10 * index)));
    for (let round = 0; round < 2; round++) await Promise.all(bodies.map((body) => stage.send(body)));
    const ids = stage.nextHop.received.flatMap((body) => spansIn(body).map(({ spanId }) => spanId));
    expect([ids.length, new Set(ids).size]).toEqual([240, 120]);
  });
});
