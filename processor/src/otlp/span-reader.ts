import { OWN_KEY, UNKNOWN_KEY } from './key-table.ts';
import type { KeyValueReader } from './key-value-reader.ts';
import { Attribute, Cut, Resource, Scorable, Span } from './request-layout.ts';
import type { RequestLayout } from './request-layout.ts';
import type { WireCursor } from './wire-cursor.ts';

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

/** Reads a Span of the OTLP trace proto into a layout: what it says, the attributes that are in the key table, the cuts. */
export class SpanReader {
  readonly #cursor: WireCursor;
  readonly #keyValue: KeyValueReader;
  readonly #layout: RequestLayout;
  readonly #scoredKinds: ReadonlySet<number>;
  readonly #maxAttributes: number;

  constructor(
    cursor: WireCursor,
    keyValue: KeyValueReader,
    layout: RequestLayout,
    scoredKinds: ReadonlySet<number>,
    maxAttributes: number,
  ) {
    this.#cursor = cursor;
    this.#keyValue = keyValue;
    this.#layout = layout;
    this.#scoredKinds = scoredKinds;
    this.#maxAttributes = maxAttributes;
  }

  /**
   * Reads the span whose tag is at `start`, from the cursor's position to `end`. `isWithinLimit`: it has a record in
   * any case; otherwise only if there is something to cut.
   */
  read(start: number, end: number, isWithinLimit: boolean): void {
    const { spans, cuts, scorables, spanAttributes, resources } = this.#layout;
    const body = this.#cursor.position;
    const firstCut = cuts.length;
    const firstAttribute = spanAttributes.length;
    // The kind may come after everything else, so the span is recorded as if it were scored, and taken back if not.
    const scorable = scorables.extend(Scorable.SIZE);
    const isReadable = this.#readFields(scorable, end);
    const record = scorables.values;
    const isScorable = isReadable && isWithinLimit && this.#scoredKinds.has(record[scorable + Scorable.KIND]!);
    if (isScorable) {
      record[scorable + Scorable.SPAN] = spans.length / Span.SIZE;
      record[scorable + Scorable.RESOURCE] = resources.length / Resource.SIZE - 1;
      record[scorable + Scorable.FIRST_ATTRIBUTE] = firstAttribute;
      record[scorable + Scorable.END_ATTRIBUTE] = spanAttributes.length;
    } else {
      scorables.length = scorable;
      spanAttributes.length = firstAttribute;
      if (!isWithinLimit && cuts.length === firstCut) return;
    }
    const span = spans.extend(Span.SIZE);
    const { values } = spans;
    values[span + Span.START] = start;
    values[span + Span.BODY] = body;
    values[span + Span.END] = end;
    values[span + Span.FIRST_CUT] = firstCut;
    values[span + Span.SCORABLE] = isScorable ? scorable / Scorable.SIZE : -1;
  }

  /** Reads all fields into the record at `scorable`; false when the span is above the limits of what is read. */
  #readFields(scorable: number, end: number): boolean {
    const cursor = this.#cursor;
    const keyValue = this.#keyValue;
    const record = this.#layout.scorables.values;
    for (let column = scorable; column < scorable + Scorable.SIZE; column++) record[column] = -1;
    record[scorable + Scorable.KIND] = 0;
    record[scorable + Scorable.STATUS_CODE] = 0;
    record[scorable + Scorable.TRACE_STATE_LENGTH] = 0;
    record[scorable + Scorable.NAME_LENGTH] = 0;
    record[scorable + Scorable.FLAGS] = 0;
    keyValue.isTooDeep = false;
    let attributeCount = 0;
    while (cursor.position < end) {
      const fieldStart = cursor.position;
      const tag = cursor.tag(end);
      switch (tag) {
        case 0x4a: // attributes
          attributeCount++;
          keyValue.read(cursor.bodyEnd(end));
          if (keyValue.key !== UNKNOWN_KEY) this.#recordAttribute(fieldStart);
          break;
        case 0x0a: // trace_id
          record[scorable + Scorable.TRACE_ID] = this.#id(TRACE_ID_BYTES, end);
          break;
        case 0x12: // span_id
          record[scorable + Scorable.SPAN_ID] = this.#id(SPAN_ID_BYTES, end);
          break;
        case 0x1a: // trace_state
          record[scorable + Scorable.TRACE_STATE_LENGTH] = this.#bytes(end);
          record[scorable + Scorable.TRACE_STATE] = cursor.position - record[scorable + Scorable.TRACE_STATE_LENGTH]!;
          break;
        case 0x22: // parent_span_id
          record[scorable + Scorable.PARENT_SPAN_ID_LENGTH] = this.#bytes(end);
          break;
        case 0x2a: // name
          record[scorable + Scorable.NAME_LENGTH] = this.#bytes(end);
          record[scorable + Scorable.NAME] = cursor.position - record[scorable + Scorable.NAME_LENGTH]!;
          break;
        case 0x30: // kind
          record[scorable + Scorable.KIND] = cursor.int32(end);
          break;
        case 0x39: // start_time_unix_nano
          record[scorable + Scorable.START_TIME] = cursor.position;
          cursor.advance(8, end);
          break;
        case 0x41: // end_time_unix_nano
          record[scorable + Scorable.END_TIME] = cursor.position;
          cursor.advance(8, end);
          break;
        case 0x5a: // events, whose attributes are field 3
          this.#checkAttributed(0x1a, cursor.bodyEnd(end));
          break;
        case 0x6a: // links, whose attributes are field 4
          this.#checkAttributed(0x22, cursor.bodyEnd(end));
          break;
        case 0x7a: // status
          this.#readStatus(scorable, cursor.bodyEnd(end));
          break;
        case 0x85: // flags
          cursor.advance(4, end);
          record[scorable + Scorable.FLAGS] = cursor.bytes.readInt32LE(cursor.position - 4);
          break;
        default:
          cursor.skip(tag, end);
      }
    }
    return attributeCount <= this.#maxAttributes && !keyValue.isTooDeep;
  }

  /** Keeps the attribute that was just read: its value, or its bytes as a cut when the key is ours. */
  #recordAttribute(fieldStart: number): void {
    const { key, kind, offset, length } = this.#keyValue;
    if (key === OWN_KEY) {
      const { cuts } = this.#layout;
      const cut = cuts.extend(Cut.SIZE);
      cuts.values[cut + Cut.START] = fieldStart;
      cuts.values[cut + Cut.END] = this.#cursor.position;
      return;
    }
    const { spanAttributes } = this.#layout;
    const attribute = spanAttributes.extend(Attribute.SIZE);
    const { values } = spanAttributes;
    values[attribute + Attribute.KEY] = key;
    values[attribute + Attribute.KIND] = kind;
    values[attribute + Attribute.OFFSET] = offset;
    values[attribute + Attribute.LENGTH] = length;
  }

  #readStatus(scorable: number, end: number): void {
    const cursor = this.#cursor;
    while (cursor.position < end) {
      const tag = cursor.tag(end);
      if (tag === 0x18) this.#layout.scorables.values[scorable + Scorable.STATUS_CODE] = cursor.int32(end);
      else cursor.skip(tag, end);
    }
  }

  /** Checks an Event or a Link; `attributesTag`: the tag of its attributes. */
  #checkAttributed(attributesTag: number, end: number): void {
    const cursor = this.#cursor;
    while (cursor.position < end) {
      const tag = cursor.tag(end);
      if (tag === attributesTag) this.#keyValue.check(cursor.bodyEnd(end));
      else cursor.skip(tag, end);
    }
  }

  /** Moves over a bytes field and returns its length. */
  #bytes(end: number): number {
    const cursor = this.#cursor;
    const bodyEnd = cursor.bodyEnd(end);
    const length = bodyEnd - cursor.position;
    cursor.position = bodyEnd;
    return length;
  }

  /** Moves over an id and returns its offset, or -1 when it has not the length an id has. */
  #id(expectedLength: number, end: number): number {
    const length = this.#bytes(end);
    return length === expectedLength ? this.#cursor.position - length : -1;
  }
}
