import { AttributeWriter, SpanAnnotations } from '../../../processor/src/otlp/annotate.ts';
import { attribute, boolValue } from './wire-bytes.ts';

describe('SpanAnnotations', () => {
  it('keeps the bytes of each span apart, also of spans that get none', () => {
    const annotations = new SpanAnnotations();
    const writer = new AttributeWriter('anomaly.');
    const one = attribute('anomaly.is_anomaly', boolValue(true)).length;
    annotations.select(1);
    writer.bool(annotations, 'is_anomaly', true);
    annotations.select(1);
    writer.bool(annotations, 'is_anomaly', true);
    annotations.select(4);
    writer.bool(annotations, 'is_anomaly', true);
    expect([0, 1, 2, 3, 4, 5, 900].map((span) => annotations.byteLength(span))).toEqual([0, 2 * one, 0, 0, one, 0, 0]);
    annotations.reset();
    expect([0, 1, 4].map((span) => annotations.byteLength(span))).toEqual([0, 0, 0]);
  });

  it('keeps the bytes of more spans than usual apart', () => {
    const annotations = new SpanAnnotations();
    for (let span = 0; span < 20_000; span++) {
      annotations.select(span);
      annotations.writer.raw(Buffer.alloc(span % 3));
    }
    const lengths = Array.from({ length: 20_000 }, (_, span) => annotations.byteLength(span));
    expect(lengths).toEqual(Array.from({ length: 20_000 }, (_, span) => span % 3));
  });

  it('takes spans in any order', () => {
    const annotations = new SpanAnnotations();
    for (const [span, length] of [
      [3, 5],
      [0, 2],
      [2, 7],
    ] as const) {
      annotations.select(span);
      annotations.writer.raw(Buffer.alloc(length, span));
    }
    expect([0, 1, 2, 3, 4].map((span) => annotations.byteLength(span))).toEqual([2, 0, 7, 5, 0]);
    const { bytes } = annotations.writer;
    expect([0, 2, 3].map((span) => bytes[annotations.byteOffset(span)])).toEqual([0, 2, 3]);
  });

  it('refuses a span that was annotated before another', () => {
    const annotations = new SpanAnnotations();
    annotations.select(3);
    annotations.writer.raw(Buffer.alloc(1));
    annotations.select(2);
    expect(() => annotations.select(3)).toThrow(
      "span 3 has its annotations already; write all of a span's before the next.",
    );
  });
});
