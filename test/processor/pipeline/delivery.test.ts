import { StatusCode, SUCCESS, type TraceOutcome, type TraceRequest } from '../../../processor/src/component.ts';
import { Delivery } from '../../../processor/src/pipeline/delivery.ts';
import type { Part } from '../../../processor/src/pipeline/forwarding.ts';
import { InFlightBytes } from '../../../processor/src/pipeline/in-flight-bytes.ts';
import { readPartialSuccess, writePartialSuccess } from '../receiver/rpc-status.ts';
import { calls, request, spansIn } from './requests.ts';
import { Stage, ToldNextHop } from './stage.ts';

const REQUEST: TraceRequest = {
  body: Buffer.from('the request'),
  transport: 'grpc',
  deadlineMs: 1e9,
  signal: new AbortController().signal,
};

/** Parts of three spans each. */
function partsOf(...names: string[]): Part[] {
  return names.map((name, index) => ({ body: Buffer.from(name), from: 3 * index, to: 3 * index + 3 }));
}

const partial = (rejected: number, message: string): TraceOutcome => ({
  ...SUCCESS,
  response: writePartialSuccess(rejected, message),
});
const refusal = (code: StatusCode, message = ''): TraceOutcome => ({ code, response: Buffer.alloc(0), message });
const UNAVAILABLE: TraceOutcome = { ...refusal(StatusCode.UNAVAILABLE, 'later'), retryDelayMs: 500 };

/** Delivers parts to a next hop that answers by name; parts without an answer are taken. */
async function deliver(parts: readonly Part[], answers: Readonly<Record<string, TraceOutcome>>, budget = 1000) {
  const next = new ToldNextHop();
  next.answer = ({ body }) => answers[body.toString()] ?? SUCCESS;
  const bytes = new InFlightBytes(budget);
  const delivery = new Delivery({ next, bytes, original: ({ body }) => Buffer.from(`${body.toString()} bare`) });
  const outcome = await delivery.send(REQUEST, parts);
  expect(bytes.used).toBe(0);
  return { outcome, sent: next.received.map(String), taken: delivery.taken, rejected: [...delivery.rejected] };
}

describe('the delivery of several parts', () => {
  test('full success of all is a full success', async () => {
    expect(await deliver(partsOf('a', 'b', 'c'), {})).toEqual({
      outcome: SUCCESS,
      sent: ['a', 'b', 'c'],
      taken: 9,
      rejected: [],
    });
  });

  test('partial successes add up: rejected spans are summed and messages joined, each once', async () => {
    const answers = { a: partial(1, 'too old'), c: partial(2, 'too long'), d: partial(0, 'too old') };
    const { outcome, taken, rejected } = await deliver(partsOf('a', 'b', 'c', 'd'), answers);
    expect(outcome.code).toBe(StatusCode.OK);
    expect(readPartialSuccess(outcome.response)).toEqual({ rejectedSpans: 3, errorMessage: 'too old; too long' });
    expect([taken, rejected]).toEqual([9, [[StatusCode.OK, 3]]]);
  });

  test('a warning without rejected spans is passed on', async () => {
    const { outcome, taken } = await deliver(partsOf('a', 'b'), { b: partial(0, 'use gzip') });
    expect(readPartialSuccess(outcome.response)).toEqual({ rejectedSpans: 0, errorMessage: 'use gzip' });
    expect(taken).toBe(6);
  });

  test('more spans cannot be rejected than were sent, nor fewer than none', async () => {
    const answers = { a: partial(1e9, 'all of it'), b: partial(-5, 'nonsense') };
    const { outcome, taken } = await deliver(partsOf('a', 'b'), answers);
    expect(readPartialSuccess(outcome.response)).toEqual({ rejectedSpans: 3, errorMessage: 'all of it; nonsense' });
    expect(taken).toBe(3);
  });

  test('an answer that cannot be read says that the spans were taken', async () => {
    const unreadable = { ...SUCCESS, response: Buffer.from([0x0a, 0x7f]) };
    expect(await deliver(partsOf('a', 'b'), { a: unreadable })).toMatchObject({ outcome: SUCCESS, taken: 6 });
  });

  test('the first answer that is worth a retry ends it', async () => {
    const { outcome, sent, taken } = await deliver(partsOf('a', 'b', 'c'), { b: UNAVAILABLE });
    expect([outcome, sent, taken]).toEqual([UNAVAILABLE, ['a', 'b'], 3]);
  });

  test('a part that is refused for good is offered in its original form, and only that one', async () => {
    const { outcome, sent, taken, rejected } = await deliver(partsOf('a', 'b', 'c'), {
      b: refusal(StatusCode.INVALID_ARGUMENT),
    });
    expect(sent).toEqual(['a', 'b', 'b bare', 'c']);
    expect([outcome, taken, rejected]).toEqual([SUCCESS, 9, [[StatusCode.INVALID_ARGUMENT, 3]]]);
  });

  test('one that is refused in both forms costs its own spans only: the others arrive, and the sender hears of it', async () => {
    const { outcome, sent, taken, rejected } = await deliver(partsOf('a', 'b', 'c'), {
      b: refusal(StatusCode.RESOURCE_EXHAUSTED),
      'b bare': refusal(StatusCode.RESOURCE_EXHAUSTED, 'too large'),
      c: partial(1, 'too old'),
    });
    expect(sent).toEqual(['a', 'b', 'b bare', 'c']);
    expect(readPartialSuccess(outcome.response)).toEqual({ rejectedSpans: 4, errorMessage: 'too large; too old' });
    expect([taken, rejected]).toEqual([
      5,
      [
        [StatusCode.RESOURCE_EXHAUSTED, 3],
        [StatusCode.OK, 1],
      ],
    ]);
  });

  test('when no part is taken, the first refusal is the answer', async () => {
    const answers = Object.fromEntries(
      ['a', 'a bare', 'b', 'b bare'].map((name) => [name, refusal(StatusCode.UNIMPLEMENTED, `no ${name}`)]),
    );
    const { outcome, taken } = await deliver(partsOf('a', 'b'), answers);
    expect([outcome, taken]).toEqual([refusal(StatusCode.UNIMPLEMENTED, 'no a bare'), 0]);
  });

  test('a refusal that becomes worth a retry at the second try is one', async () => {
    const answers = { a: refusal(StatusCode.INTERNAL), 'a bare': UNAVAILABLE };
    expect((await deliver(partsOf('a', 'b'), answers)).outcome).toEqual(UNAVAILABLE);
  });

  test('the second try needs room in the bytes in flight; without it the sender comes back', async () => {
    const { outcome, sent } = await deliver(partsOf('a'), { a: refusal(StatusCode.INTERNAL) }, 5);
    expect(outcome).toMatchObject({ code: StatusCode.UNAVAILABLE, retryDelayMs: 1000 });
    expect(sent).toEqual(['a']);
  });
});

describe('a request above the limit of the next hop, through the whole pipeline', () => {
  test('arrives in parts, every span once, and their partial successes reach the sender as one', async () => {
    const stage = new Stage({ limit: 4000 });
    stage.nextHop.answer = ({ body }) =>
      body.length > 4000 ? refusal(StatusCode.RESOURCE_EXHAUSTED) : partial(1, 'old');
    const body = request(calls(100));
    const outcome = await stage.send(body);
    const { received } = stage.nextHop;
    expect(received.length).toBeGreaterThan(body.length / 4000);
    expect(received.flatMap((part) => spansIn(part).map(({ spanId }) => spanId))).toEqual(
      spansIn(body).map(({ spanId }) => spanId),
    );
    expect(readPartialSuccess(outcome.response)).toEqual({ rejectedSpans: received.length, errorMessage: 'old' });
    expect(stage.count('exported_spans_total')).toBe(100 - received.length);
  });
});
