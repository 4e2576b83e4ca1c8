import * as fc from 'fast-check';
import { annotate, annotatedLength, AttributeWriter, SpanAnnotations } from '../../../processor/src/otlp/annotate.ts';
import { ownKeys } from '../../../processor/src/otlp/attributes.ts';
import type { RequestView } from '../../../processor/src/otlp/request-view.ts';
import { arbitraryRequest } from '../../support/otlp-arbitraries.ts';
import {
  areEqualForBufbuild,
  decodeWithBufbuild,
  decodeWithProtobufjs,
  editSpan,
  plainSpansOf,
  spansOf,
} from '../../support/otlp-judges.ts';
import type { ExpectedAttribute } from '../../support/otlp-judges.ts';
import { attribute, field, intValue, keyValue, kind, requestOf, stringValue, varint } from './wire-bytes.ts';
import { PREFIX, scannedView, SERVER } from './views.ts';

const attributes = new AttributeWriter(PREFIX);
const own = new Set(ownKeys(PREFIX));
const server = kind(SERVER);
const client = kind(3);
const seeded = { seed: 20_261_122, numRuns: 150, endOnFailure: true }; // shrinking would take minutes

/** Annotates every scorable span, the odd ones with more, so that lengths differ. */
function annotationsFor(view: RequestView): SpanAnnotations {
  const annotations = new SpanAnnotations();
  for (let span = 0; span < view.scorableCount; span++) {
    annotations.select(span);
    attributes.double(annotations, 'score', span / 8);
    if (span % 2 === 1) attributes.string(annotations, 'reason', 'r'.repeat(100));
  }
  return annotations;
}

function expectedAttributes(span: number): ExpectedAttribute[] {
  const score: ExpectedAttribute = { key: 'anomaly.score', value: { case: 'doubleValue', value: span / 8 } };
  const reason: ExpectedAttribute = { key: 'anomaly.reason', value: { case: 'stringValue', value: 'r'.repeat(100) } };
  return span % 2 === 1 ? [score, reason] : [score];
}

/** What the protobuf of `body` must say once it is annotated, by @bufbuild/protobuf's reading of the input alone. */
function expectedFor(body: Buffer): ReturnType<typeof decodeWithBufbuild> {
  const request = decodeWithBufbuild(body);
  let scorable = 0;
  for (const span of spansOf(request)) {
    const added = Number(span.kind) === SERVER ? expectedAttributes(scorable++) : [];
    editSpan(span, own, added);
  }
  return request;
}

const envelope = (name: string, ...scopes: Buffer[]): Buffer =>
  field(1, field(1, field(1, keyValue('service.name', stringValue(name)))), ...scopes, field(77, 'kept'));

const namedSpan = (name: string): Buffer => field(2, field(5, name), server);

describe('annotate', () => {
  it('returns the very same buffer when there is nothing to change', () => {
    const body = requestOf(Buffer.concat([server, attribute('anomaly.note', stringValue('mine'))]), client);
    const view = scannedView(body);
    expect(annotate(view, undefined)).toBe(body);
    expect(annotate(view, new SpanAnnotations())).toBe(body);
    expect(annotatedLength(view, undefined)).toBe(body.length);
  });

  it('appends to scored spans alone and leaves the bytes of the others as they are', () => {
    const scored = Buffer.concat([server, attribute('user.id', stringValue('u'))]);
    // A length that is longer than needed must survive on a span that is not touched.
    const unscored = Buffer.concat([varint(2 * 8 + 2), varint(client.length, 3), client]);
    const body = field(1, field(2, field(2, scored), unscored));
    const view = scannedView(body);
    const annotations = new SpanAnnotations();
    annotations.select(0);
    attributes.int(annotations, 'score_percent', 97);
    const added = attribute('anomaly.score_percent', intValue(97));
    expect(annotate(view, annotations)).toEqual(field(1, field(2, field(2, scored, added), unscored)));
  });

  it('removes exactly our keys, from scored and other spans, and no key of ours from events, scopes or resources', () => {
    const forged = ownKeys(PREFIX).map((key) => attribute(key, stringValue('forged')));
    const kept = [
      attribute('anomaly.note', stringValue('n')),
      attribute('anomaly.scores', stringValue('n')),
      attribute('score'),
    ];
    const event = field(11, field(3, keyValue('anomaly.score', stringValue('e'))));
    const resource = field(1, field(1, keyValue('anomaly.score', stringValue('r'))));
    const request = (...extra: Buffer[]): Buffer =>
      field(1, resource, field(2, field(2, ...extra, server, ...kept, event), field(2, client, ...kept, ...extra)));
    const view = scannedView(request(...forged));
    expect(view.hasForgedKeys).toBe(true);
    expect(annotate(view, undefined)).toEqual(request());
  });

  it('uses the configured prefix', () => {
    const view = scannedView(requestOf(server));
    const annotations = new SpanAnnotations();
    annotations.select(0);
    new AttributeWriter('api.').bool(annotations, 'is_anomaly', true);
    const [span] = spansOf(decodeWithBufbuild(annotate(view, annotations)));
    expect(span!.attributes.map(({ key }) => key)).toEqual(['api.is_anomaly']);
  });

  it('writes lengths as short as can be, at each length at which a varint grows', () => {
    for (const size of [100, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152]) {
      // The attribute of 29 bytes lifts the span over the border.
      for (let below = 29; below >= 0; below -= 29) {
        const filler = field(900, Buffer.alloc(size - below - 8));
        const view = scannedView(requestOf(Buffer.concat([server, filler])));
        const annotations = annotationsFor(view);
        const added = Buffer.from(annotations.writer.bytes.subarray(0, annotations.totalByteLength));
        expect(annotate(view, annotations).equals(requestOf(Buffer.concat([server, filler, added])))).toBe(true);
      }
    }
  });

  it('gives the input and our attributes, unknown fields included, whatever the request (judge: @bufbuild/protobuf)', () => {
    fc.assert(
      fc.property(arbitraryRequest, (body) => {
        const view = scannedView(body);
        const annotations = annotationsFor(view);
        const output = annotate(view, annotations);
        expect(output).toHaveLength(annotatedLength(view, annotations));
        expect(areEqualForBufbuild(decodeWithBufbuild(output), expectedFor(body))).toBe(true);
      }),
      seeded,
    );
  });

  it('gives the input and our attributes, unknown fields included, whatever the request (judge: protobufjs)', () => {
    fc.assert(
      fc.property(arbitraryRequest, (body) => {
        const expected = decodeWithProtobufjs(body);
        let scorable = 0;
        for (const span of plainSpansOf(expected)) {
          const kept = span.attributes.filter((one) => !own.has(one.key ?? ''));
          const added = span.kind === SERVER ? expectedAttributes(scorable++) : [];
          for (const { key, value } of added) kept.push({ key, value: { [value.case!]: value.value } });
          span.attributes = kept;
        }
        const view = scannedView(body);
        expect(decodeWithProtobufjs(annotate(view, annotationsFor(view)))).toEqual(expected);
      }),
      seeded,
    );
  });

  it('keeps the bytes of every span it has nothing to say about', () => {
    fc.assert(
      fc.property(arbitraryRequest, (body) => {
        const view = scannedView(body);
        const output = annotate(view, annotationsFor(view));
        const { spans } = view.layout;
        for (let record = 0; record < spans.length; record += 5) {
          const [start, , end, firstCut, scorable] = spans.values.subarray(record, record + 5);
          const nextCut = record + 5 < spans.length ? spans.values[record + 8]! : view.layout.cuts.length;
          if (scorable! < 0 && firstCut === nextCut) expect(output.includes(body.subarray(start, end))).toBe(true);
        }
      }),
      seeded,
    );
  });

  describe('in parts', () => {
    it('repeats what encloses the spans of the part and leaves out the resources and scopes without any', () => {
      const body = Buffer.concat([
        envelope(
          'a',
          field(2, field(1, field(1, 's1')), namedSpan('0'), namedSpan('1')),
          field(2, namedSpan('2'), field(3, 'schema')),
        ),
        field(99, 'unknown'),
        envelope('b', field(2, namedSpan('3'))),
      ]);
      const view = scannedView(body);
      expect(annotate(view, undefined, 1, 3)).toEqual(
        Buffer.concat([
          envelope(
            'a',
            field(2, field(1, field(1, 's1')), namedSpan('1')),
            field(2, namedSpan('2'), field(3, 'schema')),
          ),
          field(99, 'unknown'),
        ]),
      );
      expect(annotate(view, undefined, 3, 4)).toEqual(
        Buffer.concat([field(99, 'unknown'), envelope('b', field(2, namedSpan('3')))]),
      );
      expect(annotate(view, undefined, 0, 4)).toBe(body);
    });

    it('holds every span and every envelope exactly once over all parts, annotated as in the whole', () => {
      const bodies = fc.tuple(arbitraryRequest, fc.array(fc.nat({ max: 30 }), { maxLength: 4 }));
      fc.assert(
        fc.property(bodies, ([body, places]) => {
          const view = scannedView(body);
          const annotations = annotationsFor(view);
          const borders = [0, ...places.filter((place) => place < view.spanCount), view.spanCount];
          const ascending = [...new Set(borders)].toSorted((a, b) => a - b);
          const parts = ascending.slice(1).map((to, index) => {
            const part = annotate(view, annotations, ascending[index], to);
            expect(part).toHaveLength(annotatedLength(view, annotations, ascending[index], to));
            return decodeWithBufbuild(part);
          });
          if (parts.length === 0) return;
          const whole = decodeWithBufbuild(annotate(view, annotations));
          expect(parts.map((part) => spansOf(part).length)).toEqual(
            ascending.slice(1).map((to, index) => to - ascending[index]!),
          );
          expect(parts.flatMap(spansOf)).toEqual(spansOf(whole));
          const empty = (request: typeof whole): number =>
            request.resourceSpans.flatMap((resource) => resource.scopeSpans).filter((scope) => scope.spans.length === 0)
              .length;
          expect(parts.reduce((sum, part) => sum + empty(part), 0)).toBe(empty(whole));
        }),
        seeded,
      );
    });
  });
});
