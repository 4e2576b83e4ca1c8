/** Cuts annotated requests to the size that the next hop takes. */
import { BufferPool } from '../otlp/buffer-pool.ts';
import { annotate, annotatedLength, type SpanAnnotations } from '../otlp/annotate.ts';
import { essentialAnnotations } from '../otlp/essential-annotations.ts';
import type { RequestView } from '../otlp/request-view.ts';

/** A request to the next hop: some spans of the received one, by their index among all its spans. */
export interface Part {
  readonly body: Buffer;
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/** Memory of annotated requests kept for the next ones: those of a collector's ten consumers. */
const KEPT_BYTES = 8 * 1024 * 1024;

/** Cuts a request into the parts that the next hop will take: one unless it would be too large. */
export class Forwarding {
  readonly #limit: number;
  readonly #prefix: string;
  readonly #pool = new BufferPool(KEPT_BYTES);

  /**
   * @param limit most bytes of a request to the next hop
   * @param prefix of our attributes
   */
  constructor(limit: number, prefix: string) {
    this.#limit = limit;
    this.#prefix = prefix;
  }

  /**
   * The annotated request in parts of at most the limit: first without the attributes that may go, then split between
   * spans. A single span above the limit is a part of its own; the next hop will say what it thinks of it.
   */
  parts(view: RequestView, annotations: SpanAnnotations): Part[] {
    const to = view.spanCount;
    if (annotatedLength(view, annotations) <= this.#limit)
      return [{ body: annotate(view, annotations, 0, to, this.#pool), from: 0, to }];
    const essential = essentialAnnotations(annotations, view.scorableCount, this.#prefix);
    if (annotatedLength(view, essential) <= this.#limit || !view.isSplittable)
      return [{ body: annotate(view, essential, 0, to, this.#pool), from: 0, to }];
    return this.#split(view, essential, 0, to);
  }

  /** Takes the memory of parts back that the next hop has acknowledged, and that nobody therefore reads any more. */
  recycle(parts: readonly Part[], request: Buffer): void {
    for (const { body } of parts) if (body !== request) this.#pool.give(body);
  }

  /** The spans of a part as the sender sent them, less forged keys. Never larger than the part was. */
  original(view: RequestView, { from, to }: Part): Buffer {
    return annotate(view, undefined, from, to);
  }

  #split(view: RequestView, annotations: SpanAnnotations, from: number, to: number): Part[] {
    if (to - from <= 1 || annotatedLength(view, annotations, from, to) <= this.#limit) {
      return [{ body: annotate(view, annotations, from, to, this.#pool), from, to }];
    }
    const middle = (from + to) >>> 1;
    return [...this.#split(view, annotations, from, middle), ...this.#split(view, annotations, middle, to)];
  }
}
