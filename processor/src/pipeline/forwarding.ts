/** Hands annotated requests to the next hop, within its size limit, and tries the original once where it is refused. */
import { StatusCode, SUCCESS, type TraceConsumer, type TraceOutcome, type TraceRequest } from '../component.ts';
import { annotate, annotatedLength, type SpanAnnotations } from '../otlp/annotate.ts';
import { essentialAnnotations } from '../otlp/essential-annotations.ts';
import type { RequestView } from '../otlp/request-view.ts';

/** What the next hop may say for good; everything else is worth a retry by the sender. */
const PERMANENT: ReadonlySet<StatusCode> = new Set([
  StatusCode.UNKNOWN,
  StatusCode.INVALID_ARGUMENT,
  StatusCode.NOT_FOUND,
  StatusCode.ALREADY_EXISTS,
  StatusCode.RESOURCE_EXHAUSTED,
  StatusCode.FAILED_PRECONDITION,
  StatusCode.UNIMPLEMENTED,
  StatusCode.INTERNAL,
]);

export const isPermanent = (outcome: TraceOutcome): boolean =>
  PERMANENT.has(outcome.code) && outcome.retryDelayMs === undefined;

/** Cuts a request into the parts that the next hop will take: one unless it would be too large. */
export class Forwarding {
  readonly #limit: number;
  readonly #prefix: string;

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
  parts(view: RequestView, annotations: SpanAnnotations): Buffer[] {
    if (annotatedLength(view, annotations) <= this.#limit) return [annotate(view, annotations)];
    const essential = essentialAnnotations(annotations, view.scorableCount, this.#prefix);
    if (annotatedLength(view, essential) <= this.#limit || !view.isSplittable) return [annotate(view, essential)];
    return this.#split(view, essential, 0, view.spanCount);
  }

  /** The request without annotations, less forged keys, in parts where it is larger than the limit by itself. */
  originals(view: RequestView): Buffer[] {
    const bare = annotate(view, undefined);
    if (bare.length <= this.#limit || !view.isSplittable || view.spanCount < 2) return [bare];
    return this.#split(view, undefined, 0, view.spanCount);
  }

  #split(view: RequestView, annotations: SpanAnnotations | undefined, from: number, to: number): Buffer[] {
    if (to - from <= 1 || annotatedLength(view, annotations, from, to) <= this.#limit) {
      return [annotate(view, annotations, from, to)];
    }
    const middle = (from + to) >>> 1;
    return [...this.#split(view, annotations, from, middle), ...this.#split(view, annotations, middle, to)];
  }
}

/**
 * Sends the parts one after the other. The first one that is not taken ends it: with a retryable status the sender comes
 * back with all of them, and those that were taken arrive twice.
 */
export async function sendParts(
  next: TraceConsumer,
  request: TraceRequest,
  parts: readonly Buffer[],
): Promise<TraceOutcome> {
  let outcome: TraceOutcome = SUCCESS;
  for (const body of parts) {
    const answer = await next.consume({ ...request, body });
    if (answer.code !== StatusCode.OK) return answer;
    // A partial success of any part is passed on; the last one stands for all.
    if (answer.response.length > 0 || outcome === SUCCESS) outcome = answer;
  }
  return outcome;
}
