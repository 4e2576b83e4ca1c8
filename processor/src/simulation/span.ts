/** OTLP SpanKind numbers. */
export const SpanKind = { INTERNAL: 1, SERVER: 2, CLIENT: 3 } as const;

/** OTLP Status.code of a failed span; others stay unset (0), as the conventions want of servers. */
export const STATUS_ERROR = 2;

/** The attribute that carries the ground truth where a file of spans is to be judged later. Detectors must not see it. */
export const LABEL_ATTRIBUTE = 'simulation.label';

export type AttributeValue = string | number;

/** The source of spans: one object a service, so that spans of one service share it. */
export interface Resource {
  readonly service: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** One simulated span. Times are milliseconds since 1970 with a resolution of a microsecond. */
export interface SimulatedSpan {
  readonly resource: Resource;
  /** 32 and 16 lower-case hexadecimal digits; `parentSpanId` is empty on a root. */
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** 0 or STATUS_ERROR. */
  readonly statusCode: number;
  /** Ground truth: `behavior#episode` when the span is part of an attack, empty otherwise. No detector may read it. */
  readonly label: string;
}

/** Unix nanoseconds of a time in milliseconds, exact to the microsecond. */
export function toUnixNano(timeMs: number): bigint {
  return BigInt(Math.round(timeMs * 1000)) * 1000n;
}

/** The span's attributes with the ground truth under `key`, as a labelled file has them. */
export function labelledAttributes(
  span: SimulatedSpan,
  key = LABEL_ATTRIBUTE,
): Readonly<Record<string, AttributeValue>> {
  return span.label === '' ? span.attributes : { ...span.attributes, [key]: span.label };
}
