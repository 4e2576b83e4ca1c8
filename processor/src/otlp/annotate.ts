import type { BufferPool } from './buffer-pool.ts';
import type { RequestView } from './request-view.ts';
import type { SpanAnnotations } from './span-annotations.ts';
import { Splice } from './splice.ts';

export { AttributeWriter } from './attribute-writer.ts';
export { SpanAnnotations } from './span-annotations.ts';

/**
 * The request with attributes of ours that came with it removed and `annotations` appended to its spans. All other
 * bytes, known to us or not, are copied. The very same buffer when there is nothing to change.
 *
 * `from` and `to` (exclusive) choose spans by their index among all spans, to split a request into parts: each repeats
 * the resources and scopes that its spans are in, and what else the request holds; resources and scopes without a span
 * in the range are left out. Throws RangeError when a part is asked of a request that is not splittable.
 * `pool`: where the memory comes from, and may be given back to once the result has been sent.
 */
export function annotate(
  view: RequestView,
  annotations: SpanAnnotations | undefined,
  from = 0,
  to = view.spanCount,
  pool?: BufferPool,
): Buffer {
  const splice = new Splice(view, annotations, from, to);
  return splice.isNeeded ? splice.write(pool) : view.body;
}

/** Length in bytes of what `annotate` returns for the same arguments. */
export function annotatedLength(
  view: RequestView,
  annotations: SpanAnnotations | undefined,
  from = 0,
  to = view.spanCount,
): number {
  const splice = new Splice(view, annotations, from, to);
  return splice.isNeeded ? splice.measure() : view.body.length;
}
