import type { KeyTable } from './key-table.ts';
import { KeyValueReader } from './key-value-reader.ts';
import { Attribute, RequestLayout, Resource, Scope, Span } from './request-layout.ts';
import { SpanReader } from './span-reader.ts';
import { WireCursor } from './wire-cursor.ts';

/** Limits on what is read. Beyond them a request is not malformed: its spans pass through, unscored. */
export interface ReadLimits {
  /** Nesting of attribute values (an array in a list in a …). */
  readonly maxDepth: number;
  readonly maxAttributesPerSpan: number;
  /** Spans of one request; its scopes and its resources may be as many. */
  readonly maxSpans: number;
}

/**
 * Reads an ExportTraceServiceRequest at wire level into a `RequestLayout`, a slice at a time, and checks all of it: a
 * request that is read to its end is one that protobuf parsers accept. UTF-8 is not checked, as in the collector. A
 * known field that comes with another wire type is an unknown field, by the rules of protobuf; those are skipped.
 */
export class RequestScanner {
  readonly layout = new RequestLayout();
  /** All spans read so far, also those above the limit, which have no record in the layout. */
  spanCount = 0;
  /** Whether spans, scopes and resources are all within the limit and so have a record each. */
  isWithinLimits = true;

  readonly #cursor = new WireCursor();
  readonly #keyValue: KeyValueReader;
  readonly #span: SpanReader;
  readonly #maxRecords: number;
  /** Ends of the ResourceSpans and of the ScopeSpans that the cursor is in; -1: in none. */
  #resourceEnd = -1;
  #scopeEnd = -1;
  /** Number of cuts when the resource and the scope began. */
  #resourceFirstCut = 0;
  #scopeFirstCut = 0;

  constructor(keys: KeyTable, limits: ReadLimits, scoredKinds: ReadonlySet<number>) {
    this.#keyValue = new KeyValueReader(this.#cursor, keys, limits.maxDepth);
    this.#span = new SpanReader(this.#cursor, this.#keyValue, this.layout, scoredKinds, limits.maxAttributesPerSpan);
    this.#maxRecords = limits.maxSpans;
  }

  get body(): Buffer {
    return this.#cursor.bytes;
  }

  begin(body: Buffer): void {
    this.layout.clear();
    this.spanCount = 0;
    this.isWithinLimits = true;
    this.#cursor.bytes = body;
    this.#cursor.position = 0;
    this.#resourceEnd = -1;
    this.#scopeEnd = -1;
  }

  /**
   * Reads on until `count` more spans, scopes and resources are read, or all of the request is: then true. Throws
   * WireError at the first byte that cannot be.
   */
  scan(count: number): boolean {
    const requestEnd = this.#cursor.bytes.length;
    for (let remaining = count; remaining > 0;) {
      if (this.#scopeEnd >= 0) {
        if (this.#readSpan(this.#scopeEnd)) remaining--;
        else this.#endScope();
      } else if (this.#resourceEnd >= 0) {
        if (this.#beginScope(this.#resourceEnd)) remaining--;
        else this.#endResource();
      } else if (this.#beginResource(requestEnd)) {
        remaining--;
      } else {
        return true;
      }
    }
    return false;
  }

  /** Reads fields of the request up to the body of its next ResourceSpans; false at the end. */
  #beginResource(end: number): boolean {
    const cursor = this.#cursor;
    while (cursor.position < end) {
      const start = cursor.position;
      const tag = cursor.tag(end);
      if (tag !== 0x0a) {
        cursor.skip(tag, end);
        continue;
      }
      const { resources, scopes, resourceAttributes, cuts } = this.layout;
      this.#resourceEnd = cursor.bodyEnd(end);
      this.#resourceFirstCut = cuts.length;
      const record = resources.extend(Resource.SIZE);
      const { values } = resources;
      values[record + Resource.START] = start;
      values[record + Resource.BODY] = cursor.position;
      values[record + Resource.END] = this.#resourceEnd;
      values[record + Resource.FIRST_SCOPE] = scopes.length / Scope.SIZE;
      values[record + Resource.FIRST_ATTRIBUTE] = resourceAttributes.length;
      return true;
    }
    return false;
  }

  #endResource(): void {
    const { resources, scopes, resourceAttributes, cuts } = this.layout;
    const record = resources.length - Resource.SIZE;
    this.#resourceEnd = -1;
    resources.values[record + Resource.END_SCOPE] = scopes.length / Scope.SIZE;
    resources.values[record + Resource.END_ATTRIBUTE] = resourceAttributes.length;
    if (resources.length > this.#maxRecords * Resource.SIZE) {
      this.isWithinLimits = false;
      // Above the limit a record is kept only for what must be cut in it.
      if (cuts.length === this.#resourceFirstCut) this.#dropResource(record);
    }
  }

  #dropResource(record: number): void {
    const { resources, scopes, resourceAttributes } = this.layout;
    resourceAttributes.length = resources.values[record + Resource.FIRST_ATTRIBUTE]!;
    scopes.length = resources.values[record + Resource.FIRST_SCOPE]! * Scope.SIZE;
    resources.length = record;
  }

  /** Reads fields of a ResourceSpans up to the body of its next ScopeSpans; false at the end. */
  #beginScope(end: number): boolean {
    const cursor = this.#cursor;
    while (cursor.position < end) {
      const start = cursor.position;
      const tag = cursor.tag(end);
      if (tag === 0x0a) {
        this.#readResource(cursor.bodyEnd(end));
        continue;
      }
      if (tag !== 0x12) {
        cursor.skip(tag, end);
        continue;
      }
      const { scopes, spans, cuts } = this.layout;
      this.#scopeEnd = cursor.bodyEnd(end);
      this.#scopeFirstCut = cuts.length;
      const record = scopes.extend(Scope.SIZE);
      const { values } = scopes;
      values[record + Scope.START] = start;
      values[record + Scope.BODY] = cursor.position;
      values[record + Scope.END] = this.#scopeEnd;
      values[record + Scope.FIRST_SPAN] = spans.length / Span.SIZE;
      return true;
    }
    return false;
  }

  #endScope(): void {
    const { scopes, spans, cuts } = this.layout;
    const record = scopes.length - Scope.SIZE;
    this.#scopeEnd = -1;
    scopes.values[record + Scope.END_SPAN] = spans.length / Span.SIZE;
    if (scopes.length > this.#maxRecords * Scope.SIZE) {
      this.isWithinLimits = false;
      if (cuts.length === this.#scopeFirstCut) scopes.length = record;
    }
  }

  /** Reads fields of a ScopeSpans up to the end of its next Span; false at the end. */
  #readSpan(end: number): boolean {
    const cursor = this.#cursor;
    while (cursor.position < end) {
      const start = cursor.position;
      const tag = cursor.tag(end);
      if (tag === 0x12) {
        const spanEnd = cursor.bodyEnd(end);
        this.spanCount++;
        // A span needs the records of its scope and resource: above their limit it is above its own.
        if (this.isWithinLimits) this.isWithinLimits = this.#hasRoomForSpan();
        this.#span.read(start, spanEnd, this.isWithinLimits);
        return true;
      }
      if (tag === 0x0a) this.#checkScope(cursor.bodyEnd(end));
      else cursor.skip(tag, end);
    }
    return false;
  }

  #hasRoomForSpan(): boolean {
    const { resources, scopes } = this.layout;
    return (
      this.spanCount <= this.#maxRecords &&
      scopes.length <= this.#maxRecords * Scope.SIZE &&
      resources.length <= this.#maxRecords * Resource.SIZE
    );
  }

  /** Reads a Resource. A ResourceSpans may hold it in several pieces, before and after its scopes; they are one. */
  #readResource(end: number): void {
    const cursor = this.#cursor;
    const keyValue = this.#keyValue;
    const { resourceAttributes } = this.layout;
    while (cursor.position < end) {
      const tag = cursor.tag(end);
      if (tag === 0x0a) {
        keyValue.read(cursor.bodyEnd(end));
        if (keyValue.key < 0) continue;
        const attribute = resourceAttributes.extend(Attribute.SIZE);
        const { values } = resourceAttributes;
        values[attribute + Attribute.KEY] = keyValue.key;
        values[attribute + Attribute.KIND] = keyValue.kind;
        values[attribute + Attribute.OFFSET] = keyValue.offset;
        values[attribute + Attribute.LENGTH] = keyValue.length;
      } else if (tag === 0x1a) {
        this.#checkFields(cursor.bodyEnd(end)); // entity_refs
      } else {
        cursor.skip(tag, end);
      }
    }
  }

  /** Checks an InstrumentationScope. */
  #checkScope(end: number): void {
    const cursor = this.#cursor;
    while (cursor.position < end) {
      const tag = cursor.tag(end);
      if (tag === 0x1a) this.#keyValue.check(cursor.bodyEnd(end));
      else cursor.skip(tag, end);
    }
  }

  /** Checks a message that holds no other message. */
  #checkFields(end: number): void {
    const cursor = this.#cursor;
    while (cursor.position < end) cursor.skip(cursor.tag(end), end);
  }
}
