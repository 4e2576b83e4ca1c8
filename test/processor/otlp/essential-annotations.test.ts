import * as fc from 'fast-check';
import { AttributeWriter, SpanAnnotations } from '../../../processor/src/otlp/annotate.ts';
import { essentialAnnotations } from '../../../processor/src/otlp/essential-annotations.ts';

const writer = new AttributeWriter('anomaly.');

/** CONTRACT: what says that a span is an anomaly and of what kind must arrive, the explanation may go. */
const REQUIRED: readonly ((annotations: SpanAnnotations, text: string) => void)[] = [
  (annotations) => writer.double(annotations, 'score', 0.5),
  (annotations) => writer.bool(annotations, 'is_anomaly', true),
  (annotations, text) => writer.string(annotations, 'model.version', text),
  (annotations, text) => writer.string(annotations, 'state', text),
  (annotations) => writer.int(annotations, 'score_percent', 50),
  (annotations, text) => writer.string(annotations, 'behavior', text),
  (annotations, text) => writer.string(annotations, 'incident.id', text),
];
const OPTIONAL: readonly ((annotations: SpanAnnotations, text: string) => void)[] = [
  (annotations) => writer.double(annotations, 'evidence', 12),
  (annotations) => writer.double(annotations, 'isolation_score', 0.7),
  (annotations) => writer.double(annotations, 'user.score', 0.1),
  (annotations) => writer.double(annotations, 'address.score', 0.2),
  (annotations) => writer.double(annotations, 'endpoint.score', 0.3),
  (annotations, text) => writer.string(annotations, 'reason', text),
  (annotations, text) => writer.strings(annotations, 'features', [text, 'calls']),
];

function contentOf(annotations: SpanAnnotations, spans: number): string[] {
  return Array.from({ length: spans }, (_, span) => {
    const start = annotations.byteOffset(span);
    return annotations.writer.bytes.toString('hex', start, start + annotations.byteLength(span));
  });
}

describe('the essential annotations', () => {
  test('are what must arrive, byte for byte and in its order; what may go is gone', () => {
    // Texts on both sides of the lengths that take one, two and three bytes to write down.
    const text = fc.constantFrom('', 'm-1', 'é'.repeat(60), 'x'.repeat(127), 'x'.repeat(128), 'x'.repeat(20_000));
    const attribute = fc.record({ isOptional: fc.boolean(), choice: fc.nat({ max: 6 }), text });
    const spans = fc.array(fc.array(attribute, { maxLength: 6 }), { maxLength: 6 });
    fc.assert(
      fc.property(spans, (wanted) => {
        const all = new SpanAnnotations();
        const required = new SpanAnnotations();
        for (const [span, attributes] of wanted.entries()) {
          all.select(span);
          required.select(span);
          for (const { isOptional, choice, text: value } of attributes) {
            if (isOptional) OPTIONAL[choice]!(all, value);
            else for (const annotations of [all, required]) REQUIRED[choice]!(annotations, value);
          }
        }
        const essential = essentialAnnotations(all, wanted.length, 'anomaly.');
        expect(contentOf(essential, wanted.length)).toEqual(contentOf(required, wanted.length));
      }),
    );
  });

  test('an attribute under another prefix is not ours to leave out', () => {
    const annotations = new SpanAnnotations();
    annotations.select(0);
    new AttributeWriter('risk.').string(annotations, 'reason', 'x');
    expect(contentOf(essentialAnnotations(annotations, 1, 'anomaly.'), 1)).toEqual(contentOf(annotations, 1));
    expect(essentialAnnotations(annotations, 1, 'risk.').totalByteLength).toBe(0);
  });

  test('spans that were never annotated have none', () => {
    expect(essentialAnnotations(new SpanAnnotations(), 3, 'anomaly.').totalByteLength).toBe(0);
  });
});
