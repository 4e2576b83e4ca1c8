import { IntList } from './int-list.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

const USUAL_SPANS = 4096;

/**
 * What is to be appended to the spans of a request: per scorable span, encoded attributes (field 9 of Span, tags
 * included), written by an `AttributeWriter`. One object serves one request after another.
 */
export class SpanAnnotations {
  readonly writer = new ProtobufWriter(64 * 1024);
  /** Per scorable span up to the current one: where its bytes begin. */
  readonly #starts = new IntList(USUAL_SPANS);

  reset(): void {
    this.writer.clear();
    this.#starts.clear(USUAL_SPANS);
  }

  /** Makes scorable span `scorable` the one that attributes are appended to. Spans come in ascending order. */
  select(scorable: number): void {
    const starts = this.#starts;
    if (scorable < starts.length - 1) {
      throw new RangeError(`span ${scorable} comes after span ${starts.length - 1}; annotate in ascending order.`);
    }
    while (starts.length <= scorable) starts.push(this.writer.length);
  }

  /** All bytes written. */
  get totalByteLength(): number {
    return this.writer.length;
  }

  /** Bytes written for scorable span `scorable`. */
  byteLength(scorable: number): number {
    return this.byteOffset(scorable + 1) - this.byteOffset(scorable);
  }

  /** Where they begin in `writer.bytes`. */
  byteOffset(scorable: number): number {
    return scorable < this.#starts.length ? this.#starts.values[scorable]! : this.writer.length;
  }
}
