import { AttributeValues } from './attribute-values.ts';
import type { IntList } from './int-list.ts';
import type { KeyTable } from './key-table.ts';
import type { ValueKind } from './key-value-reader.ts';
import { RequestScanner } from './request-scanner.ts';
import type { ReadLimits } from './request-scanner.ts';
import { Resource, Scorable } from './request-layout.ts';
import type { RequestLayout } from './request-layout.ts';

export { KeyTable } from './key-table.ts';
export { ValueKind } from './key-value-reader.ts';
export { WireError } from './wire-cursor.ts';
export type { ReadLimits } from './request-scanner.ts';

const NANOSECONDS = 1e9;
const UINT32_VALUES = 0x1_0000_0000;

/**
 * An ExportTraceServiceRequest read in place. `begin`, then `scan` until it is true; then `select` a scorable span and
 * read it. One view serves one request after another, and none of its reads allocates per span.
 */
export class RequestView {
  /** Where everything lies: for `annotate`. */
  readonly layout: RequestLayout;
  readonly #scanner: RequestScanner;
  readonly #scorables: IntList;
  readonly #attributes: AttributeValues;
  readonly #resourceAttributes: AttributeValues;
  /** Index of the current span's record, and of the resource whose attributes are loaded. */
  #span = 0;
  #resource = -1;

  /** `scoredKinds`: the SpanKind numbers whose spans are scorable. */
  constructor(keys: KeyTable, limits: ReadLimits, scoredKinds: ReadonlySet<number>) {
    this.#scanner = new RequestScanner(keys, limits, scoredKinds);
    this.layout = this.#scanner.layout;
    this.#scorables = this.layout.scorables;
    this.#attributes = new AttributeValues(keys.read.length);
    this.#resourceAttributes = new AttributeValues(keys.read.length);
  }

  /** Begins reading a request. The body must not change while it is viewed. */
  begin(body: Buffer): void {
    this.#scanner.begin(body);
    this.#resource = -1;
  }

  /**
   * Scans until `maxSpans` more spans (or their envelopes) are read; true when the whole request is read and valid.
   * Throws WireError on malformed bytes.
   */
  scan(maxSpans: number): boolean {
    return this.#scanner.scan(maxSpans);
  }

  get body(): Buffer {
    return this.#scanner.body;
  }

  /** All spans of the request. */
  get spanCount(): number {
    return this.#scanner.spanCount;
  }

  /** Spans of a scored kind within the limits. They are numbered from 0 in the order of the request. */
  get scorableCount(): number {
    return this.#scorables.length / Scorable.SIZE;
  }

  /** Whether a span of the request carries attributes of ours: none may be believed, `annotate` removes them. */
  get hasForgedKeys(): boolean {
    return this.layout.cuts.length > 0;
  }

  /** Whether `annotate` can split the request: not when it has more spans, scopes or resources than the limit. */
  get isSplittable(): boolean {
    return this.#scanner.isWithinLimits;
  }

  /** Index, among all spans, of scorable span `scorable`. */
  spanIndexOf(scorable: number): number {
    return this.#scorables.values[scorable * Scorable.SIZE + Scorable.SPAN]!;
  }

  /** Makes scorable span `scorable` the current one, which all the members below read. */
  select(scorable: number): void {
    const record = scorable * Scorable.SIZE;
    const { values } = this.#scorables;
    const { body } = this.#scanner;
    this.#span = record;
    this.#attributes.load(
      body,
      this.layout.spanAttributes,
      values[record + Scorable.FIRST_ATTRIBUTE]!,
      values[record + Scorable.END_ATTRIBUTE]!,
    );
    const resource = values[record + Scorable.RESOURCE]!;
    if (resource === this.#resource) return;
    this.#resource = resource;
    const resources = this.layout.resources.values;
    this.#resourceAttributes.load(
      body,
      this.layout.resourceAttributes,
      resources[resource * Resource.SIZE + Resource.FIRST_ATTRIBUTE]!,
      resources[resource * Resource.SIZE + Resource.END_ATTRIBUTE]!,
    );
  }

  /** SpanKind number. */
  get kind(): number {
    return this.#column(Scorable.KIND);
  }

  /** OTLP Status.code: 0 unset, 1 ok, 2 error. */
  get statusCode(): number {
    return this.#column(Scorable.STATUS_CODE);
  }

  /** Start in Unix seconds, to about a quarter of a microsecond; 0 when absent. */
  get startSeconds(): number {
    return this.#seconds(this.#column(Scorable.START_TIME));
  }

  /** The same of scorable span `scorable`, which need not be selected. */
  startSecondsOf(scorable: number): number {
    return this.#seconds(this.#scorables.values[scorable * Scorable.SIZE + Scorable.START_TIME]!);
  }

  /** End minus start in seconds, subtracted exactly. Negative when the end is before the start, 0 when either is absent. */
  get durationSeconds(): number {
    const start = this.#column(Scorable.START_TIME);
    const end = this.#column(Scorable.END_TIME);
    const startHigh = this.#high(start);
    const startLow = this.#low(start);
    const endHigh = this.#high(end);
    const endLow = this.#low(end);
    if ((startHigh === 0 && startLow === 0) || (endHigh === 0 && endLow === 0)) return 0;
    return ((endHigh - startHigh) * UINT32_VALUES + (endLow - startLow)) / NANOSECONDS;
  }

  /** Offset of the 16 bytes of the trace id; -1 when it is absent or of another length. */
  get traceIdOffset(): number {
    return this.#column(Scorable.TRACE_ID);
  }

  /** Offset of the 8 bytes of the span id; -1 when it is absent or of another length. */
  get spanIdOffset(): number {
    return this.#column(Scorable.SPAN_ID);
  }

  /** Bytes of the parent's span id; -1 when absent. */
  get parentSpanIdLength(): number {
    return this.#column(Scorable.PARENT_SPAN_ID_LENGTH);
  }

  /** Offset of the W3C trace state; -1 when absent. */
  get traceStateOffset(): number {
    return this.#column(Scorable.TRACE_STATE);
  }

  get traceStateLength(): number {
    return this.#column(Scorable.TRACE_STATE_LENGTH);
  }

  /** Offset of the span's name; -1 when absent. */
  get nameOffset(): number {
    return this.#column(Scorable.NAME);
  }

  get nameLength(): number {
    return this.#column(Scorable.NAME_LENGTH);
  }

  /** Span.flags; the lowest 8 bits are the W3C trace flags. */
  get flags(): number {
    return this.#column(Scorable.FLAGS) >>> 0;
  }

  /** Kind of an attribute's value; NONE when the span has no such attribute. `key`: its number in the KeyTable. */
  valueKind(key: number): ValueKind {
    return this.#attributes.kind(key);
  }

  /** Offset of the value's bytes in the body: of STRING and BYTES the content, of ARRAY and KVLIST the message. */
  textOffset(key: number): number {
    return this.#attributes.offset(key);
  }

  /** Length of the value's bytes; 0 when there is none. */
  textLength(key: number): number {
    return this.#attributes.length(key);
  }

  /** The value as a number: INT (rounded above 2^53), DOUBLE, BOOL as 0 or 1, a STRING in decimal; otherwise NaN. */
  number(key: number): number {
    return this.#attributes.number(key);
  }

  /** The STRING, at most its first 4096 bytes; '' when none. Kept in a cache for the next span: not for personal values. */
  text(key: number): string {
    return this.#attributes.text(key);
  }

  /** Offset of the first string in an ARRAY; -1 when none. */
  firstArrayTextOffset(key: number): number {
    return this.#attributes.firstArrayTextOffset(key);
  }

  /** Length of the first string in an ARRAY; 0 when none. */
  firstArrayTextLength(key: number): number {
    return this.#attributes.firstArrayTextLength(key);
  }

  /** The members below read the resource of the current span as those above read the span. */
  resourceValueKind(key: number): ValueKind {
    return this.#resourceAttributes.kind(key);
  }

  resourceTextOffset(key: number): number {
    return this.#resourceAttributes.offset(key);
  }

  resourceTextLength(key: number): number {
    return this.#resourceAttributes.length(key);
  }

  resourceNumber(key: number): number {
    return this.#resourceAttributes.number(key);
  }

  resourceText(key: number): string {
    return this.#resourceAttributes.text(key);
  }

  #column(column: number): number {
    return this.#scorables.values[this.#span + column]!;
  }

  #seconds(offset: number): number {
    return (this.#high(offset) * UINT32_VALUES + this.#low(offset)) / NANOSECONDS;
  }

  #low(offset: number): number {
    return offset < 0 ? 0 : this.body.readUInt32LE(offset);
  }

  #high(offset: number): number {
    return offset < 0 ? 0 : this.body.readUInt32LE(offset + 4);
  }
}
