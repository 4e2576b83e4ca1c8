import { AttributeWriter, SpanAnnotations } from '../../../processor/src/otlp/annotate.ts';
import { arrayValue, attribute, boolValue, doubleValue, intValue, stringValue } from './wire-bytes.ts';

function written(write: (writer: AttributeWriter, annotations: SpanAnnotations) => void, prefix = 'anomaly.'): Buffer {
  const annotations = new SpanAnnotations();
  annotations.select(0);
  write(new AttributeWriter(prefix), annotations);
  return Buffer.from(annotations.writer.bytes.subarray(0, annotations.totalByteLength));
}

describe('AttributeWriter', () => {
  it.each([0, 0.5, -1, NaN, Infinity])('writes the double %d', (value) => {
    expect(written((writer, span) => writer.double(span, 'score', value))).toEqual(
      attribute('anomaly.score', doubleValue(value)),
    );
  });

  it.each([true, false])('writes the bool %s', (value) => {
    expect(written((writer, span) => writer.bool(span, 'is_anomaly', value))).toEqual(
      attribute('anomaly.is_anomaly', boolValue(value)),
    );
  });

  it.each([0, 100, 127, 128, 2 ** 31, 2 ** 53 - 1])('writes the int %d', (value) => {
    expect(written((writer, span) => writer.int(span, 'score_percent', value))).toEqual(
      attribute('anomaly.score_percent', intValue(value)),
    );
  });

  it.each(['', 'learning', 'größe 😀', 'x'.repeat(127), 'x'.repeat(128), 'x'.repeat(100_000)])(
    'writes the string: case %#',
    (value) => {
      expect(written((writer, span) => writer.string(span, 'reason', value))).toEqual(
        attribute('anomaly.reason', stringValue(value)),
      );
    },
  );

  it('writes the same text again, another one after it, and the same text under another key', () => {
    const bytes = written((writer, span) => {
      for (const value of ['a', 'a', 'b', 'a']) writer.string(span, 'reason', value);
      writer.string(span, 'behavior', 'a');
    });
    const reasons = ['a', 'a', 'b', 'a'].map((value) => attribute('anomaly.reason', stringValue(value)));
    expect(bytes).toEqual(Buffer.concat([...reasons, attribute('anomaly.behavior', stringValue('a'))]));
  });

  it.each([[[]], [['rate']], [['rate', '', 'größe', 'x'.repeat(200)]]])('writes the strings %#', (values) => {
    expect(written((writer, span) => writer.strings(span, 'features', values))).toEqual(
      attribute('anomaly.features', arrayValue(...values.map(stringValue))),
    );
  });

  it('writes a long prefix', () => {
    const prefix = 'p'.repeat(300);
    expect(written((writer, span) => writer.bool(span, 'is_anomaly', true), prefix)).toEqual(
      attribute(`${prefix}is_anomaly`, boolValue(true)),
    );
  });
});
