import { IntList } from './int-list.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

const USUAL_SPANS = 4096;

/**
 * What is to be appended to the spans of a request: per scorable span, encoded attributes (field 9 of Span, tags
 * included), written by an `AttributeWriter`. One object serves one request after another.
 */
export class SpanAnnotations {
  readonly writer = new ProtobufWriter(64 * 1024);
  /** Per scorable span: where its bytes begin and end; the end of the current span is not noted yet. */
  readonly #starts = new IntList(USUAL_SPANS);
  readonly #ends = new IntList(USUAL_SPANS);
  #current = -1;

  reset(): void {
    this.writer.clear();
    this.#starts.clear(USUAL_SPANS);
    this.#ends.clear(USUAL_SPANS);
    this.#current = -1;
  }

  /** Makes scorable span `scorable` the one that attributes are appended to. Spans come in any order, but each at once. */
  select(scorable: number): void {
    if (scorable === this.#current) return;
    this.#endCurrent();
    while (this.#starts.length <= scorable) {
      this.#starts.push(0);
      this.#ends.push(0);
    }
    if (this.#ends.values[scorable]! > this.#starts.values[scorable]!) {
      throw new RangeError(`span ${scorable} has its annotations already; write all of a span's before the next.`);
    }
    this.#starts.values[scorable] = this.writer.length;
    this.#current = scorable;
  }

  /** All bytes written. */
  get totalByteLength(): number {
    return this.writer.length;
  }

  /** Bytes written for scorable span `scorable`. */
  byteLength(scorable: number): number {
    if (scorable === this.#current) return this.writer.length - this.byteOffset(scorable);
    return scorable < this.#ends.length ? this.#ends.values[scorable]! - this.byteOffset(scorable) : 0;
  }

  /** Where they begin in `writer.bytes`. */
  byteOffset(scorable: number): number {
    return scorable < this.#starts.length ? this.#starts.values[scorable]! : 0;
  }

  #endCurrent(): void {
    if (this.#current >= 0) this.#ends.values[this.#current] = this.writer.length;
  }
}
