import type { BufferPool } from './buffer-pool.ts';
import { IntList } from './int-list.ts';
import { varintLength, writeVarint } from './protobuf-writer.ts';
import { Cut, Resource, Scope, Span } from './request-layout.ts';
import type { RequestLayout } from './request-layout.ts';
import type { RequestView } from './request-view.ts';
import type { SpanAnnotations } from './span-annotations.ts';

/** Tags of the request's resource_spans, of ResourceSpans.scope_spans and of ScopeSpans.spans. */
const RESOURCE_SPANS = 0x0a;
const SCOPE_SPANS = 0x12;
const SPANS = 0x12;

/** In place of a message's new length: its bytes stay as they are, or are left out. */
const UNCHANGED = -1;
const LEFT_OUT = -2;

/** New lengths of the resources, scopes and spans of the request at hand, shared: one splice runs at a time. */
const resourceLengths = new IntList(256);
const scopeLengths = new IntList(1024);
const spanLengths = new IntList(4096);

/** One rewriting of a request: lengths are computed from the spans up, then runs of bytes are copied around the changes. */
export class Splice {
  readonly #view: RequestView;
  readonly #layout: RequestLayout;
  readonly #annotations: SpanAnnotations | undefined;
  readonly #from: number;
  readonly #to: number;
  readonly #isPart: boolean;
  /** While writing: the output, how much of it is written, and up to where the input is. */
  #output: Buffer = Buffer.alloc(0);
  #written = 0;
  #copied = 0;

  constructor(view: RequestView, annotations: SpanAnnotations | undefined, from: number, to: number) {
    this.#view = view;
    this.#layout = view.layout;
    this.#annotations = annotations;
    this.#from = from;
    this.#to = to;
    this.#isPart = from > 0 || to < view.spanCount;
    if (this.#isPart && !view.isSplittable) {
      throw new RangeError('The request has more spans than the limit; it cannot be split.');
    }
  }

  /** Whether the output differs from the input. */
  get isNeeded(): boolean {
    return this.#isPart || this.#view.hasForgedKeys || (this.#annotations?.totalByteLength ?? 0) > 0;
  }

  /** Computes all new lengths; returns that of the request. */
  measure(): number {
    const { resources, scopes, spans } = this.#layout;
    const resourceCount = resources.length / Resource.SIZE;
    clearTo(resourceLengths, resourceCount);
    clearTo(scopeLengths, scopes.length / Scope.SIZE);
    clearTo(spanLengths, spans.length / Span.SIZE);
    let length = this.#view.body.length;
    for (let resource = 0; resource < resourceCount; resource++) length += this.#measureResource(resource);
    return length;
  }

  /** Returns the spliced request, in memory of `pool` if there is one. */
  write(pool?: BufferPool): Buffer {
    const length = this.measure();
    this.#output = pool?.take(length) ?? Buffer.allocUnsafe(length);
    const { resources } = this.#layout;
    const resourceCount = resources.length / Resource.SIZE;
    for (let resource = 0; resource < resourceCount; resource++) this.#writeResource(resource);
    this.#copyTo(this.#view.body.length);
    return this.#output;
  }

  /** Sets the resource's new length and returns by how many bytes its field grows. */
  #measureResource(resource: number): number {
    const record = resource * Resource.SIZE;
    const { resources, scopes } = this.#layout;
    const { values } = resources;
    const firstScope = values[record + Resource.FIRST_SCOPE]!;
    const endScope = values[record + Resource.END_SCOPE]!;
    const scopeCount = scopes.length / Scope.SIZE;
    const firstSpan = firstScope < scopeCount ? this.#firstSpan(firstScope) : this.#view.spanCount;
    const endSpan = firstScope < endScope ? this.#endSpan(endScope - 1) : firstSpan;
    const lastHome = (firstSpan < endSpan ? endSpan : this.#view.spanCount) - 1;
    let length = LEFT_OUT;
    if (this.#isInRange(firstSpan, endSpan, lastHome)) {
      length = UNCHANGED;
      let growth = 0;
      for (let scope = firstScope; scope < endScope; scope++) {
        growth += this.#measureScope(scope, lastHome);
        if (scopeLengths.values[scope] !== UNCHANGED) length = 0;
      }
      if (length !== UNCHANGED) length = values[record + Resource.END]! - values[record + Resource.BODY]! + growth;
    }
    resourceLengths.values[resource] = length;
    return fieldGrowth(values[record + Resource.END]! - values[record + Resource.START]!, length);
  }

  #measureScope(scope: number, lastHome: number): number {
    const record = scope * Scope.SIZE;
    const { values } = this.#layout.scopes;
    const firstSpan = this.#firstSpan(scope);
    const endSpan = this.#endSpan(scope);
    let length = LEFT_OUT;
    if (this.#isInRange(firstSpan, endSpan, lastHome)) {
      length = UNCHANGED;
      let growth = 0;
      for (let span = firstSpan; span < endSpan; span++) {
        growth += this.#measureSpan(span);
        if (spanLengths.values[span] !== UNCHANGED) length = 0;
      }
      if (length !== UNCHANGED) length = values[record + Scope.END]! - values[record + Scope.BODY]! + growth;
    }
    scopeLengths.values[scope] = length;
    return fieldGrowth(values[record + Scope.END]! - values[record + Scope.START]!, length);
  }

  #measureSpan(span: number): number {
    const record = span * Span.SIZE;
    const { values } = this.#layout.spans;
    let length = LEFT_OUT;
    if (!this.#isPart || (span >= this.#from && span < this.#to)) {
      const scorable = values[record + Span.SCORABLE]!;
      const added = scorable < 0 || this.#annotations === undefined ? 0 : this.#annotations.byteLength(scorable);
      const removed = this.#cutBytes(span);
      length =
        added === 0 && removed === 0
          ? UNCHANGED
          : values[record + Span.END]! - values[record + Span.BODY]! + added - removed;
    }
    spanLengths.values[span] = length;
    return fieldGrowth(values[record + Span.END]! - values[record + Span.START]!, length);
  }

  /**
   * Whether a resource or scope with these spans is in the range. One without any has its home with the span that
   * follows it, at most `lastHome`, so that exactly one part of a split holds it.
   */
  #isInRange(firstSpan: number, endSpan: number, lastHome: number): boolean {
    if (!this.#isPart) return true;
    if (firstSpan < endSpan) return firstSpan < this.#to && endSpan > this.#from;
    const home = Math.min(firstSpan, lastHome);
    return home >= this.#from && home < this.#to;
  }

  #writeResource(resource: number): void {
    const record = resource * Resource.SIZE;
    const { values } = this.#layout.resources;
    const length = resourceLengths.values[resource]!;
    const end = values[record + Resource.END]!;
    if (!this.#enter(RESOURCE_SPANS, values[record + Resource.START]!, values[record + Resource.BODY]!, end, length)) {
      return;
    }
    const endScope = values[record + Resource.END_SCOPE]!;
    for (let scope = values[record + Resource.FIRST_SCOPE]!; scope < endScope; scope++) this.#writeScope(scope);
    this.#copyTo(end);
  }

  #writeScope(scope: number): void {
    const record = scope * Scope.SIZE;
    const { values } = this.#layout.scopes;
    const length = scopeLengths.values[scope]!;
    const end = values[record + Scope.END]!;
    if (!this.#enter(SCOPE_SPANS, values[record + Scope.START]!, values[record + Scope.BODY]!, end, length)) return;
    const endSpan = this.#endSpan(scope);
    for (let span = this.#firstSpan(scope); span < endSpan; span++) this.#writeSpan(span);
    this.#copyTo(end);
  }

  #writeSpan(span: number): void {
    const record = span * Span.SIZE;
    const { values } = this.#layout.spans;
    const end = values[record + Span.END]!;
    const length = spanLengths.values[span]!;
    if (!this.#enter(SPANS, values[record + Span.START]!, values[record + Span.BODY]!, end, length)) return;
    const cuts = this.#layout.cuts.values;
    const endCut = this.#endCut(span);
    for (let cut = values[record + Span.FIRST_CUT]!; cut < endCut; cut += Cut.SIZE) {
      this.#copyTo(cuts[cut + Cut.START]!);
      this.#copied = cuts[cut + Cut.END]!;
    }
    this.#copyTo(end);
    const scorable = values[record + Span.SCORABLE]!;
    if (scorable >= 0 && this.#annotations !== undefined) this.#append(this.#annotations, scorable);
  }

  /** Begins a message: writes its tag and new length and is then at its body. False when there is nothing to do in it. */
  #enter(tag: number, start: number, body: number, end: number, length: number): boolean {
    if (length === UNCHANGED) return false;
    this.#copyTo(start);
    if (length === LEFT_OUT) {
      this.#copied = end;
      return false;
    }
    this.#output[this.#written] = tag;
    this.#written = writeVarint(this.#output, this.#written + 1, length);
    this.#copied = body;
    return true;
  }

  #append(annotations: SpanAnnotations, scorable: number): void {
    const start = annotations.byteOffset(scorable);
    const end = start + annotations.byteLength(scorable);
    this.#written += annotations.writer.bytes.copy(this.#output, this.#written, start, end);
  }

  /** Copies the input up to `position`. */
  #copyTo(position: number): void {
    if (position > this.#copied) {
      this.#written += this.#view.body.copy(this.#output, this.#written, this.#copied, position);
    }
    this.#copied = position;
  }

  #firstSpan(scope: number): number {
    return this.#layout.scopes.values[scope * Scope.SIZE + Scope.FIRST_SPAN]!;
  }

  #endSpan(scope: number): number {
    return this.#layout.scopes.values[scope * Scope.SIZE + Scope.END_SPAN]!;
  }

  #endCut(span: number): number {
    const { spans, cuts } = this.#layout;
    const next = (span + 1) * Span.SIZE;
    return next < spans.length ? spans.values[next + Span.FIRST_CUT]! : cuts.length;
  }

  #cutBytes(span: number): number {
    const cuts = this.#layout.cuts.values;
    const endCut = this.#endCut(span);
    let bytes = 0;
    for (let cut = this.#layout.spans.values[span * Span.SIZE + Span.FIRST_CUT]!; cut < endCut; cut += Cut.SIZE) {
      bytes += cuts[cut + Cut.END]! - cuts[cut + Cut.START]!;
    }
    return bytes;
  }
}

/** By how many bytes a field of `oldLength` bytes, tag included, grows when its message gets `newLength`. */
function fieldGrowth(oldLength: number, newLength: number): number {
  if (newLength === UNCHANGED) return 0;
  if (newLength === LEFT_OUT) return -oldLength;
  return 1 + varintLength(newLength) + newLength - oldLength;
}

function clearTo(list: IntList, count: number): void {
  list.length = 0;
  list.extend(count);
}
