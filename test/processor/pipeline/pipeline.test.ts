/** What senders and the next hop see of the pipeline when all goes well, and when the input is bad. */
import { StatusCode, SUCCESS, type TraceOutcome } from '../../../processor/src/component.ts';
import { encodeRequest, type SpanInput } from '../../../processor/src/otlp/request-writer.ts';
import { writePartialSuccess } from '../receiver/rpc-status.ts';
import { call, calls, NOW, request, resourceSpans, spansIn, verdictsIn } from './requests.ts';
import { Stage } from './stage.ts';
import { ToldModel } from './told-model.ts';

const CLIENT = 3;

/** Some turns of the event loop, in which everything that can go on does. */
async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('acknowledgement', () => {
  test('a request is acknowledged after the next hop did, not before', async () => {
    const stage = new Stage();
    const answered = Promise.withResolvers<TraceOutcome>();
    stage.nextHop.answer = () => answered.promise;
    let outcome: TraceOutcome | undefined;
    const consumed = stage.send(request(calls(3))).then((given) => (outcome = given));
    await someTurns();
    expect(stage.nextHop.received).toHaveLength(1);
    expect(outcome).toBeUndefined();
    answered.resolve(SUCCESS);
    expect(await consumed).toEqual(SUCCESS);
  });

  test('other requests are answered while one waits for the next hop', async () => {
    const stage = new Stage();
    const never = new Promise<TraceOutcome>(() => {});
    stage.nextHop.answer = (_request, turn) => (turn === 0 ? never : SUCCESS);
    void stage.send(request(calls(1)));
    const others = await Promise.all([1, 2, 3].map((first) => stage.send(request(calls(1, first)))));
    expect(others).toEqual([SUCCESS, SUCCESS, SUCCESS]);
  });

  test('without a next hop it acknowledges by itself, and learns all the same', async () => {
    const stage = new Stage({ next: 'none' });
    expect(await stage.send(request(calls(5)))).toEqual(SUCCESS);
    expect([stage.rows, stage.count('received_spans_total grpc')]).toEqual([5, 5]);
    expect(stage.count('exported_spans_total')).toBe(0);
  });

  test('a partial success goes back as it came, and its rejected spans are counted', async () => {
    const stage = new Stage();
    const response = writePartialSuccess(2, 'two spans are too old');
    stage.nextHop.answer = () => ({ ...SUCCESS, response });
    expect(await stage.send(request(calls(5)))).toEqual({ ...SUCCESS, response });
    expect([stage.count('exported_spans_total'), stage.count('export_rejected_spans_total OK')]).toEqual([3, 2]);
  });

  test('the next hop hears of the deadline and of the sender that goes away', async () => {
    const stage = new Stage();
    const given = { deadlineMs: 12_345, signal: AbortSignal.abort(), transport: 'http_json' } as const;
    let heard: object = {};
    stage.nextHop.answer = ({ deadlineMs, signal, transport }) => {
      heard = { deadlineMs, signal, transport };
      return SUCCESS;
    };
    await stage.send(request(calls(1)), given);
    expect(heard).toEqual(given);
    expect(stage.count('received_spans_total http_json')).toBe(1);
  });
});

describe('bad input', () => {
  const good = request(calls(4));
  const malformed = [
    ['cut off', good.subarray(0, good.length - 3)],
    ['no protobuf', Buffer.from('this is not OTLP at all')],
    // Valid up to its last span, so that nothing of it may have been used.
    ['broken at its end', Buffer.concat([good, Buffer.from([0x0a, 0x05, 0x12, 0x7f])])],
  ] as const;

  test.each(malformed)('a request that is %s is refused for good and disturbs nothing', async (_name, body) => {
    const stage = new Stage();
    await stage.send(request(calls(6, 100)));
    const before = { state: stage.fingerprint(), counts: { ...stage.telemetry.counts } };
    const outcome = await stage.send(body);
    expect(outcome.code).toBe(StatusCode.INVALID_ARGUMENT);
    expect(outcome.message).toContain('not an ExportTraceServiceRequest in protobuf');
    expect(outcome.retryDelayMs).toBeUndefined();
    expect(stage.fingerprint()).toBe(before.state);
    expect(stage.telemetry.counts).toEqual({ ...before.counts, 'refused_spans_total malformed_protobuf': 1 });
    expect(stage.nextHop.received).toHaveLength(1);
    expect(stage.faults).toEqual([]);
    // The view that met it serves the next request as if nothing had been.
    expect(await stage.send(good)).toEqual(SUCCESS);
    expect(spansIn(stage.nextHop.received[1]!)).toHaveLength(4);
  });

  test.each([
    ['no bytes', Buffer.alloc(0)],
    ['no resource', encodeRequest([])],
    ['a resource without spans', encodeRequest([{ scopeSpans: [] }])],
    ['a scope without spans', encodeRequest([resourceSpans([])])],
  ])('a request of %s succeeds and is not passed on', async (_name, body) => {
    const stage = new Stage();
    expect(await stage.send(body)).toEqual(SUCCESS);
    expect(stage.nextHop.received).toEqual([]);
    expect(stage.telemetry.counts).toEqual({});
  });
});

describe('what comes out', () => {
  test('while learning: every span of a scored kind says so, and nothing else is added', async () => {
    const stage = new Stage();
    await stage.send(request([call(0), { ...call(1), kind: CLIENT }, call(2)]));
    expect(verdictsIn(stage.nextHop.received[0]!)).toEqual([
      { 'anomaly.state': 'learning' },
      {},
      { 'anomaly.state': 'learning' },
    ]);
    expect([stage.count('unscored_spans_total learning'), stage.count('unscored_spans_total kind')]).toEqual([2, 1]);
  });

  test('with a model: every span of a scored kind is scored', async () => {
    const stage = new Stage();
    stage.lifecycle.promote(new ToldModel('m-1').model);
    await stage.send(request([{ ...call(0), kind: CLIENT }, call(1)]));
    const [client, server] = verdictsIn(stage.nextHop.received[0]!);
    expect(client).toEqual({});
    expect(server).toEqual({ 'anomaly.score': 0, 'anomaly.is_anomaly': false, 'anomaly.model.version': 'm-1' });
  });

  const forged = {
    'anomaly.score': { double: 0.99 },
    'anomaly.incident.id': 'i_forged',
    'anomaly.state': 'shed',
    'anomaly.note': 'mine',
    'anomaly.scores': 'mine too',
    anomaly: 'and this',
  };

  test('forged verdicts go from scored and unscored spans alike, other keys with the prefix stay', async () => {
    const stage = new Stage();
    const client: SpanInput = { ...call(1, forged), kind: CLIENT };
    await stage.send(request([call(0, forged), client]));
    const mine = { 'anomaly.note': 'mine', 'anomaly.scores': 'mine too' };
    expect(verdictsIn(stage.nextHop.received[0]!)).toEqual([{ ...mine, 'anomaly.state': 'learning' }, mine]);
    expect(spansIn(stage.nextHop.received[0]!).map(({ attributes }) => attributes['anomaly'])).toEqual([
      'and this',
      'and this',
    ]);
  });

  test('with a prefix of its own, the default one is a key like any other', async () => {
    const stage = new Stage({ prefix: 'risk.' });
    await stage.send(request([call(0, { 'anomaly.score': { double: 1 }, 'risk.score': { double: 1 } })]));
    const [span] = spansIn(stage.nextHop.received[0]!);
    expect(span?.attributes).toMatchObject({ 'anomaly.score': 1, 'risk.state': 'learning' });
    expect(span?.keys).not.toContain('risk.score');
  });

  test('a request without spans to score and without forged keys is passed on byte for byte: the very same buffer', async () => {
    const stage = new Stage();
    const body = request([{ ...call(0, { 'anomaly.note': 'mine' }), kind: CLIENT }]);
    await stage.send(body);
    expect(stage.nextHop.lastBody).toBe(body);
  });

  test('a span that says nothing but its kind, and spans with absurd times, get a score that is a number', async () => {
    const stage = new Stage();
    const told = new ToldModel();
    stage.lifecycle.promote(told.model);
    await stage.send(request(calls(3)));
    const bare = { traceId: '', spanId: '', kind: 2, startTimeUnixNano: 0n, endTimeUnixNano: 0n };
    const times = [
      [0n, 5n],
      [2n ** 64n - 1n, 1n],
      [BigInt(NOW) * 10n ** 9n, BigInt(NOW - 50) * 10n ** 9n],
    ] as const;
    const absurd = times.map(([startTimeUnixNano, endTimeUnixNano], index) => {
      return { ...call(10 + index), startTimeUnixNano, endTimeUnixNano };
    });
    await stage.send(request([bare, ...absurd]));
    expect(verdictsIn(stage.nextHop.received[1]!).map((verdict) => verdict['anomaly.score'])).toEqual([0, 0, 0, 0]);
    expect(stage.faults).toEqual([]);
  });
});
