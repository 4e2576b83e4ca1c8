import { type AttributesInput, encodeJsonLine, type SpanInput } from '../../processor/src/otlp/request-writer.ts';

/** The attribute that carries the ground truth in the files of the evaluation. Detectors must not see it. */
export const LABEL_ATTRIBUTE = 'evaluation.label';

/** OTLP SpanKind numbers. */
export const SpanKind = { INTERNAL: 1, SERVER: 2, CLIENT: 3, PRODUCER: 4, CONSUMER: 5 } as const;

/** A span of real traffic, or of an attack laid over it. */
export interface LabelledSpan extends SpanInput {
  /** Resource attributes: one object a source, so that spans of one source share it. */
  readonly resource: AttributesInput;
  /** Ground truth: what the span is part of, such as `scraping#3` or `network_delay#1`; empty when it is ordinary. */
  readonly label: string;
}

/** Spans a line: what a collector's batch processor sends at a time in a quiet hour. */
const SPANS_PER_LINE = 200;

/**
 * The spans as OTLP/JSON lines in the order given, as the collector's file exporter writes them. Their labels are in
 * the attribute `labelAttribute`.
 */
export function* jsonLines(
  spans: Iterable<LabelledSpan>,
  labelAttribute = LABEL_ATTRIBUTE,
): Generator<string, void, void> {
  let batch: LabelledSpan[] = [];
  for (const span of spans) {
    batch.push(span);
    if (batch.length < SPANS_PER_LINE) continue;
    yield jsonLine(batch, labelAttribute);
    batch = [];
  }
  if (batch.length > 0) yield jsonLine(batch, labelAttribute);
}

function jsonLine(batch: readonly LabelledSpan[], labelAttribute: string): string {
  const sources = Map.groupBy(batch, ({ resource }) => resource);
  return encodeJsonLine(
    Array.from(sources, ([attributes, spans]) => ({
      resource: { attributes },
      scopeSpans: [{ spans: spans.map((span) => withLabel(span, labelAttribute)) }],
    })),
  );
}

function withLabel(labelled: LabelledSpan, labelAttribute: string): SpanInput {
  const { resource: _resource, label, ...span } = labelled;
  return label === '' ? span : { ...span, attributes: { ...span.attributes, [labelAttribute]: label } };
}
