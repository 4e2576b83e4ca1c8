import * as fc from 'fast-check';
import { ATTRIBUTES } from '../../../processor/src/otlp/attributes.ts';
import { AttributeWriter, SpanAnnotations } from '../../../processor/src/otlp/annotate.ts';
import { encodeRequest } from '../../../processor/src/otlp/request-writer.ts';
import { Forwarding, type Part } from '../../../processor/src/pipeline/forwarding.ts';
import { decodeWithBufbuild } from '../../support/otlp-judges.ts';
import { call, calls, request, resourceSpans, spansIn, verdictsIn } from './requests.ts';
import { Stage } from './stage.ts';

const writer = new AttributeWriter('anomaly.');
const stage = new Stage();

/** Annotations with a required attribute and an optional one of `optionalBytes` for each of the spans. */
function annotationsOf(spans: number, optionalBytes: number): SpanAnnotations {
  const annotations = new SpanAnnotations();
  for (let span = 0; span < spans; span++) {
    annotations.select(span);
    writer.double(annotations, 'score', span / spans);
    writer.string(annotations, 'reason', 'x'.repeat(optionalBytes));
  }
  return annotations;
}

/** Three resources of two scopes each. */
function nested(indices: readonly number[]): Buffer {
  const spansOf = (place: number) => indices.filter((index) => index % 6 === place).map((index) => call(index));
  return encodeRequest(
    ['cart', 'shop', 'login'].map((service, resource) => ({
      ...resourceSpans([], service),
      scopeSpans: [0, 1].map((scope) => ({ scope: { name: `s${scope}` }, spans: spansOf(2 * resource + scope) })),
    })),
  );
}

const idsIn = (parts: readonly Part[]): string[] =>
  parts.flatMap(({ body }) => spansIn(body)).map(({ spanId }) => spanId);

describe('parts for the next hop', () => {
  test('a request that fits stays whole, to the last byte of the limit', () => {
    const body = request(calls(10));
    const view = stage.view(body);
    const annotations = annotationsOf(10, 100);
    const [whole] = new Forwarding(1e6, 'anomaly.').parts(view, annotations);
    expect(verdictsIn(whole!.body)[3]).toEqual({ 'anomaly.score': 0.3, 'anomaly.reason': 'x'.repeat(100) });
    const exactly = new Forwarding(whole!.body.length, 'anomaly.').parts(view, annotations);
    expect(exactly).toEqual([{ body: whole!.body, from: 0, to: 10 }]);
    expect(new Forwarding(whole!.body.length - 1, 'anomaly.').parts(view, annotations)[0]!.body).not.toEqual(
      whole!.body,
    );
  });

  test('one that does not fit first loses the attributes that may go, on all spans', () => {
    expect([ATTRIBUTES.score.optional, ATTRIBUTES.reason.optional]).toEqual([false, true]);
    const body = request(calls(10));
    const limit = body.length + 10 * 50;
    const parts = new Forwarding(limit, 'anomaly.').parts(stage.view(body), annotationsOf(10, 100));
    expect(parts).toHaveLength(1);
    expect(verdictsIn(parts[0]!.body)).toEqual(
      Array.from({ length: 10 }, (_, span) => ({ 'anomaly.score': span / 10 })),
    );
  });

  test('and is then split between spans: every part within the limit, every span in one of them, in order', () => {
    const inputs = fc.record({
      spans: fc.integer({ min: 1, max: 40 }),
      limit: fc.integer({ min: 900, max: 6000 }),
      isNested: fc.boolean(),
    });
    fc.assert(
      fc.property(inputs, ({ spans, limit, isNested }) => {
        const indices = Array.from({ length: spans }, (_, index) => index);
        const body = isNested ? nested(indices) : request(calls(spans));
        const parts = new Forwarding(limit, 'anomaly.').parts(stage.view(body), annotationsOf(spans, 30));
        expect(parts.filter((part) => part.body.length > limit)).toEqual([]);
        expect(idsIn(parts)).toEqual(spansIn(body).map(({ spanId }) => spanId));
        expect(parts.map(({ body: part }) => spansIn(part).length)).toEqual(parts.map(({ from, to }) => to - from));
        expect(parts.map(({ from }) => from)).toEqual([0, ...parts.slice(0, -1).map(({ to }) => to)]);
        const scores = parts.flatMap((part) => verdictsIn(part.body).map((verdict) => verdict['anomaly.score']));
        expect(scores).toEqual(indices.map((index) => index / spans));
      }),
      { numRuns: 60 },
    );
  });

  test('into few parts: halves of halves, not one span each', () => {
    const body = request(calls(64));
    const parts = new Forwarding(Math.ceil(body.length / 3), 'anomaly.').parts(stage.view(body), new SpanAnnotations());
    expect(parts.map(({ from, to }) => to - from)).toEqual([16, 16, 16, 16]);
  });

  test('parts keep the resource and the scope of their spans', () => {
    const body = nested([0, 2, 4, 6, 8, 10]);
    const parts = new Forwarding(500, 'anomaly.').parts(stage.view(body), new SpanAnnotations());
    expect(parts).toHaveLength(6);
    const origins = parts.map((part) => {
      const [resource] = decodeWithBufbuild(part.body).resourceSpans;
      return [resource?.resource?.attributes[0]?.value?.value.value, resource?.scopeSpans[0]?.scope?.name];
    });
    expect(origins).toEqual(['cart', 'cart', 'shop', 'shop', 'login', 'login'].map((service) => [service, 's0']));
  });

  test('a span that is too large alone is a part of its own', () => {
    const body = request([call(0), call(1, { note: 'x'.repeat(5000) }), call(2)]);
    const parts = new Forwarding(1000, 'anomaly.').parts(stage.view(body), annotationsOf(3, 0));
    expect(parts.map(({ from, to }) => [from, to])).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
    expect(parts[1]!.body.length).toBeGreaterThan(5000);
  });
});

describe('the original of a part', () => {
  const forged = { 'anomaly.score': { double: 1 }, 'anomaly.note': 'mine' };

  test('is its spans as they came, less forged keys', () => {
    const body = request(Array.from({ length: 8 }, (_, index) => call(index, forged)));
    const view = stage.view(body);
    const forwarding = new Forwarding(1300, 'anomaly.');
    const parts = forwarding.parts(view, annotationsOf(8, 30));
    expect(parts.length).toBeGreaterThan(1);
    for (const part of parts) {
      const original = forwarding.original(view, part);
      expect(idsIn([{ ...part, body: original }])).toEqual(idsIn([part]));
      expect(new Set(verdictsIn(original).map((verdict) => JSON.stringify(verdict)))).toEqual(
        new Set(['{"anomaly.note":"mine"}']),
      );
      expect(original.length).toBeLessThan(part.body.length);
    }
  });

  test('of a whole request without forged keys it is the very bytes that came', () => {
    const body = request(calls(3));
    const view = stage.view(body);
    const forwarding = new Forwarding(1e6, 'anomaly.');
    expect(forwarding.original(view, forwarding.parts(view, annotationsOf(3, 5))[0]!)).toBe(body);
  });
});
