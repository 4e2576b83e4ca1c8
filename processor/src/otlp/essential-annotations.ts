import { ATTRIBUTE_NAMES, ATTRIBUTES } from './attributes.ts';
import { SpanAnnotations } from './span-annotations.ts';

/** Tag of KeyValue in Span, one byte, and of the key in KeyValue, which AttributeWriter writes first. */
const TAG_BYTES = 1;

/**
 * The annotations of a request's first `spans` scorable spans without the attributes that may be left out when the
 * annotated request would be too large for the next hop. `prefix`: the one they were written with.
 */
export function essentialAnnotations(annotations: SpanAnnotations, spans: number, prefix: string): SpanAnnotations {
  const optional = new Set(ATTRIBUTE_NAMES.filter((name) => ATTRIBUTES[name].optional).map((name) => prefix + name));
  const essential = new SpanAnnotations();
  const { bytes } = annotations.writer;
  for (let span = 0; span < spans; span++) {
    essential.select(span);
    const first = annotations.byteOffset(span);
    const end = first + annotations.byteLength(span);
    for (let start = first; start < end;) {
      const length = readVarint(bytes, start + TAG_BYTES);
      const keyLength = readVarint(bytes, length.end + TAG_BYTES);
      const next = length.end + length.value;
      const key = bytes.toString('utf8', keyLength.end, keyLength.end + keyLength.value);
      if (!optional.has(key)) essential.writer.raw(bytes.subarray(start, next));
      start = next;
    }
  }
  return essential;
}

/** A length that we wrote ourselves: at most 28 bits. */
function readVarint(bytes: Buffer, offset: number): { value: number; end: number } {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[offset++]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value, end: offset };
  }
}
