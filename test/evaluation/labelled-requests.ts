import { encodeRequest } from '../../processor/src/otlp/request-writer.ts';
import { type LabelledSpan, SpanKind } from './labelled-span.ts';

/** Spans a request: what a collector's batch processor sends at a time in a quiet hour. */
const SPANS_PER_REQUEST = 200;

/** An ExportTraceServiceRequest that tells nothing of the ground truth, and the spans of it that are judged, in their order. */
export interface LabelledRequest {
  readonly body: Buffer;
  readonly judged: readonly LabelledSpan[];
}

/** The spans as requests in the order given; within a request resource by resource. */
export function* labelledRequests(spans: readonly LabelledSpan[]): Generator<LabelledRequest, void, void> {
  for (let from = 0; from < spans.length; from += SPANS_PER_REQUEST) {
    const groups = Map.groupBy(spans.slice(from, from + SPANS_PER_REQUEST), ({ resource }) => resource);
    const body = encodeRequest(
      Array.from(groups, ([attributes, group]) => ({
        resource: { attributes },
        scopeSpans: [{ spans: group.map(({ resource: _resource, label: _label, ...span }) => span) }],
      })),
    );
    yield { body, judged: [...groups.values()].flat().filter(({ kind }) => kind === SpanKind.SERVER) };
  }
}
