import { IntList } from './int-list.ts';

/** Room for a usual request; a larger one makes its lists grow, and they shrink back for the next request. */
const USUAL_SPANS = 4096;

/** A ResourceSpans: bytes of the field with its tag (`START` to `END`) and without (`BODY` to `END`). */
export const Resource = {
  START: 0,
  BODY: 1,
  END: 2,
  FIRST_SCOPE: 3,
  END_SCOPE: 4,
  FIRST_ATTRIBUTE: 5,
  END_ATTRIBUTE: 6,
  SIZE: 7,
} as const;

/** A ScopeSpans. */
export const Scope = { START: 0, BODY: 1, END: 2, FIRST_SPAN: 3, END_SPAN: 4, SIZE: 5 } as const;

/** A Span. `SCORABLE` is its number among the scorable spans, or -1; its cuts end where the next span's begin. */
export const Span = { START: 0, BODY: 1, END: 2, FIRST_CUT: 3, SCORABLE: 4, SIZE: 5 } as const;

/** Bytes of an attribute of ours that came with a span, its tag included. */
export const Cut = { START: 0, END: 1, SIZE: 2 } as const;

/** What a scorable span says, as offsets into the body (-1: absent) and small numbers. */
export const Scorable = {
  SPAN: 0,
  RESOURCE: 1,
  FIRST_ATTRIBUTE: 2,
  END_ATTRIBUTE: 3,
  KIND: 4,
  STATUS_CODE: 5,
  START_TIME: 6,
  END_TIME: 7,
  TRACE_ID: 8,
  SPAN_ID: 9,
  PARENT_SPAN_ID_LENGTH: 10,
  TRACE_STATE: 11,
  TRACE_STATE_LENGTH: 12,
  NAME: 13,
  NAME_LENGTH: 14,
  FLAGS: 15,
  SIZE: 16,
} as const;

/** An attribute whose key is in the key table. `OFFSET` and `LENGTH`: the bytes of its value, without tag and length. */
export const Attribute = { KEY: 0, KIND: 1, OFFSET: 2, LENGTH: 3, SIZE: 4 } as const;

/**
 * Where everything in a request lies, as flat records in the order of the bytes. The constants beside this class are
 * the columns of the records.
 */
export class RequestLayout {
  readonly resources = new IntList(64 * Resource.SIZE);
  readonly scopes = new IntList(256 * Scope.SIZE);
  readonly spans = new IntList(USUAL_SPANS * Span.SIZE);
  readonly cuts = new IntList(256 * Cut.SIZE);
  readonly scorables = new IntList(USUAL_SPANS * Scorable.SIZE);
  readonly spanAttributes = new IntList(8 * USUAL_SPANS * Attribute.SIZE);
  readonly resourceAttributes = new IntList(256 * Attribute.SIZE);

  clear(): void {
    this.resources.clear(64 * Resource.SIZE);
    this.scopes.clear(256 * Scope.SIZE);
    this.spans.clear(USUAL_SPANS * Span.SIZE);
    this.cuts.clear(256 * Cut.SIZE);
    this.scorables.clear(USUAL_SPANS * Scorable.SIZE);
    this.spanAttributes.clear(8 * USUAL_SPANS * Attribute.SIZE);
    this.resourceAttributes.clear(256 * Attribute.SIZE);
  }
}
