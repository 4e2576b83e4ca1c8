/** What the OTLP and protobuf specifications ask of a receiver that passes requests on. */
import { annotate, AttributeWriter, SpanAnnotations } from '../../processor/src/otlp/annotate.ts';
import { ownKeys } from '../../processor/src/otlp/attributes.ts';
import { KeyTable, RequestView } from '../../processor/src/otlp/request-view.ts';
import { decodeWithBufbuild, decodeWithProtobufjs, plainSpansOf, spansOf } from '../support/otlp-judges.ts';
import { sampleRequest } from '../support/otlp-samples.ts';

const SERVER = 2;
const attributes = new AttributeWriter('anomaly.');

/** The request with a score on every SERVER span. */
function scored(body: Buffer): Buffer {
  const limits = { maxDepth: 64, maxAttributesPerSpan: 256, maxSpans: 100_000 };
  const view = new RequestView(new KeyTable(['user.id'], ownKeys('anomaly.')), limits, new Set([SERVER]));
  view.begin(body);
  while (!view.scan(256));
  const annotations = new SpanAnnotations();
  for (let span = 0; span < view.scorableCount; span++) {
    annotations.select(span);
    attributes.double(annotations, 'score', 0.25);
  }
  return annotate(view, annotations);
}

/** A field with a short body. */
function frame(tag: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, body.length]), body]);
}

describe('an annotated request', () => {
  it.each([1, 3, 100, 1000])(
    'of %d realistic spans is the request with a score on its SERVER spans, for both judges',
    (spans) => {
      const body = sampleRequest({ spans, seed: spans, serverShare: 0.4 });
      const output = scored(body);
      for (const [before, after] of [
        [decodeWithProtobufjs(body), decodeWithProtobufjs(output)],
        [decodeWithBufbuild(body), decodeWithBufbuild(output)],
      ] as const) {
        const outputSpans = 'resourceSpans' in after && '$typeName' in after ? spansOf(after) : plainSpansOf(after);
        let scoredSpans = 0;
        for (const span of outputSpans) {
          const own = span.attributes.filter(({ key }) => key === 'anomaly.score');
          expect(own).toHaveLength(span.kind === SERVER ? 1 : 0);
          scoredSpans += own.length;
          // Repeated fields are appended to, so ours come last: taking them off gives the input.
          span.attributes.length -= own.length;
        }
        expect(after).toEqual(before);
        expect(scoredSpans).toBe(outputSpans.filter(({ kind }) => kind === SERVER).length);
      }
    },
  );

  it('takes profiles-only members of attributes without complaint and passes them on ("MUST treat as non-fatal")', () => {
    // Span.attributes (9) = KeyValue { key_strindex (3) = 7, value (2) = AnyValue { string_value_strindex (8) = 9 } }.
    const attribute = Buffer.from('4a0618071202', 'hex');
    const span = Buffer.concat([Buffer.from('3002', 'hex'), attribute, Buffer.from('4009', 'hex')]);
    const output = scored(frame(0x0a, frame(0x12, frame(0x12, span))));
    expect(output.includes(span)).toBe(true);
    const [judged] = spansOf(decodeWithBufbuild(output));
    expect(judged!.attributes.map(({ key, keyStrindex }) => [key, keyStrindex])).toEqual([
      ['', 7],
      ['anomaly.score', 0],
    ]);
  });

  it('keeps fields of future versions at every level', () => {
    const future = Buffer.from('c23e036e6577', 'hex'); // field 1000, "new"
    const span = frame(0x12, future, Buffer.from('3002', 'hex'), future);
    const output = scored(Buffer.concat([future, frame(0x0a, future, frame(0x12, span, future), future)]));
    expect(decodeWithProtobufjs(output)).toMatchObject({
      $unknowns: ['c23e036e6577'],
      resourceSpans: [
        {
          $unknowns: ['c23e036e6577', 'c23e036e6577'],
          scopeSpans: [{ $unknowns: ['c23e036e6577'], spans: [{ $unknowns: ['c23e036e6577', 'c23e036e6577'] }] }],
        },
      ],
    });
  });
});
