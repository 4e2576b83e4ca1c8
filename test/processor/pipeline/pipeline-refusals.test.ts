/** The pipeline with the real exporter before a real gRPC server that refuses, in every way there is. */
import { performance } from 'node:perf_hooks';
import { StatusCode, SUCCESS } from '../../../processor/src/component.ts';
import { configSchema } from '../../../processor/src/config/schema.ts';
import { OtlpGrpcExporter } from '../../../processor/src/exporter/otlp-grpc.ts';
import { failing, type NextHopServer, startNextHop } from '../exporter/next-hop-server.ts';
import { until } from '../receiver/running-receiver.ts';
import { writeStatus } from '../receiver/rpc-status.ts';
import { call, calls, request, verdictsIn } from './requests.ts';
import { Stage } from './stage.ts';

let nextHop: NextHopServer;
let exporter: OtlpGrpcExporter;
let stage: Stage;

beforeEach(async () => {
  nextHop = await startNextHop();
  const config = configSchema.parse({ export: { endpoint: `127.0.0.1:${nextHop.port}` } });
  exporter = new OtlpGrpcExporter(config.export);
  await exporter.start();
  stage = new Stage({ next: exporter });
});

afterEach(async () => {
  await exporter.stop(AbortSignal.abort());
  nextHop.stop();
});

/** What an OTLP sender sends again: OTLP specification, "Failures" of OTLP/gRPC. */
const RETRYABLE = ['CANCELLED', 'DEADLINE_EXCEEDED', 'ABORTED', 'OUT_OF_RANGE', 'UNAVAILABLE', 'DATA_LOSS'] as const;
const CREDENTIALS = ['UNAUTHENTICATED', 'PERMISSION_DENIED'] as const;
const PERMANENT = [
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'UNIMPLEMENTED',
  'INTERNAL',
] as const;

test('every status is one or the other', () => {
  const names = [...RETRYABLE, ...CREDENTIALS, ...PERMANENT, 'OK'];
  expect(names.toSorted()).toEqual(Object.keys(StatusCode).toSorted());
});

describe('a next hop that cannot take it now', () => {
  test.each([...RETRYABLE, ...CREDENTIALS])('%s: the sender keeps the spans and tries again', async (name) => {
    nextHop.answer = failing(StatusCode[name], 'not now');
    const outcome = await stage.send(request(calls(2)));
    const mayRetry: readonly number[] = RETRYABLE.map((retryable) => StatusCode[retryable]);
    expect(mayRetry).toContain(outcome.code);
    expect(outcome.retryDelayMs).toBeGreaterThan(0);
    expect(nextHop.received).toHaveLength(1);
    const failed = Object.keys(stage.telemetry.counts).filter((key) => key.startsWith('export_failed'));
    expect(failed.map((key) => stage.count(key))).toEqual([2]);
    expect(stage.count('exported_spans_total')).toBe(0);
  });

  test('RESOURCE_EXHAUSTED with retry information is such a refusal, and the delay is passed on', async () => {
    const details = writeStatus(StatusCode.RESOURCE_EXHAUSTED, 'slow down', 7);
    nextHop.answer = failing(StatusCode.RESOURCE_EXHAUSTED, 'slow down', details);
    const outcome = await stage.send(request(calls(2)));
    expect(outcome).toMatchObject({ code: StatusCode.RESOURCE_EXHAUSTED, retryDelayMs: 7000 });
    expect(nextHop.received).toHaveLength(1);
  });

  test('one that never answers: the sender is told in time, so that it tries again', async () => {
    nextHop.answer = () => {};
    const outcome = await stage.send(request(calls(2)), { deadlineMs: performance.now() + 200 });
    expect(outcome.code).toBe(StatusCode.DEADLINE_EXCEEDED);
    expect(outcome.retryDelayMs).toBeGreaterThan(0);
    expect(stage.bytes.used).toBe(0);
  });

  test('one that answers late: so late the sender is answered', async () => {
    const late = Promise.withResolvers<void>();
    nextHop.answer = (_call, respond) => void late.promise.then(() => respond(null, Buffer.alloc(0)));
    let isAnswered = false;
    const sent = stage.send(request(calls(2))).finally(() => (isAnswered = true));
    await until(() => nextHop.received.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([isAnswered, stage.count('exported_spans_total')]).toEqual([false, 0]);
    late.resolve();
    expect(await sent).toEqual(SUCCESS);
    expect(stage.count('exported_spans_total')).toBe(2);
  });

  test('one that is not there', async () => {
    nextHop.stop();
    const outcome = await stage.send(request(calls(2)), { deadlineMs: performance.now() + 5000 });
    expect([StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED]).toContain(outcome.code);
    expect(outcome.retryDelayMs).toBeGreaterThan(0);
  });

  test('a sender that has gone away: nobody waits', async () => {
    nextHop.answer = () => {};
    const sender = new AbortController();
    const sent = stage.send(request(calls(2)), { signal: sender.signal });
    await until(() => nextHop.received.length === 1);
    sender.abort();
    expect((await sent).code).toBe(StatusCode.CANCELLED);
  });
});

describe('a next hop that refuses for good', () => {
  test.each(PERMANENT)('%s: it is offered the spans as they came, and then the sender is told', async (name) => {
    nextHop.answer = failing(StatusCode[name], 'never');
    const body = request(calls(2));
    const outcome = await stage.send(body);
    expect(outcome.code).toBe(StatusCode[name]);
    expect(outcome.retryDelayMs).toBeUndefined();
    expect(outcome.message).toContain('never');
    expect(nextHop.received).toHaveLength(2);
    expect(nextHop.received[1]!.body).toEqual(body);
    expect([stage.count(`export_rejected_spans_total ${name}`), stage.count('exported_spans_total')]).toEqual([2, 0]);
  });

  test('our attributes may be what it minds: then the spans arrive without them, and without forged ones', async () => {
    const refuse = failing(StatusCode.INVALID_ARGUMENT, 'too many attributes');
    nextHop.answer = (given, respond) => {
      if (nextHop.received.length === 1) refuse(given, respond);
      else respond(null, Buffer.alloc(0));
    };
    const forged = { 'anomaly.score': { double: 1 }, 'anomaly.note': 'mine' };
    expect(await stage.send(request([call(0, forged)]))).toEqual(SUCCESS);
    expect(nextHop.received.map(({ body }) => verdictsIn(body))).toEqual([
      [{ 'anomaly.note': 'mine', 'anomaly.state': 'learning' }],
      [{ 'anomaly.note': 'mine' }],
    ]);
    expect(stage.count('exported_spans_total')).toBe(1);
    expect(stage.count('export_rejected_spans_total INVALID_ARGUMENT')).toBe(1);
  });

  test('what it minds cannot be ours when nothing of ours was in it: it is not asked again', async () => {
    nextHop.answer = failing(StatusCode.INVALID_ARGUMENT, 'never');
    const outcome = await stage.send(request([{ ...call(0, { 'anomaly.score': { double: 1 } }), kind: 3 }]));
    expect(outcome.code).toBe(StatusCode.INVALID_ARGUMENT);
    expect(nextHop.received).toHaveLength(1);
  });
});
