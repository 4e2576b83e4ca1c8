/** The delivery of one request to the next hop: what it takes, what it refuses, and the one answer made of its answers. */
import {
  type ByteBudget,
  StatusCode,
  SUCCESS,
  type TraceConsumer,
  type TraceOutcome,
  type TraceRequest,
} from '../component.ts';
import { outcomeOf, ServiceError } from '../errors.ts';
import { decodeResponse, encodeResponse, type PartialSuccess } from '../otlp/response.ts';
import type { Part } from './forwarding.ts';

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

/** Whether the next hop will say the same to the same bytes. */
export const isPermanent = ({ code, retryDelayMs }: TraceOutcome): boolean =>
  PERMANENT.has(code) && retryDelayMs === undefined;

export interface DeliveryParts {
  readonly next: TraceConsumer;
  readonly bytes: ByteBudget;
  /** The spans of a part as the sender sent them, less forged keys. */
  readonly original: (part: Part) => Buffer;
}

export class Delivery {
  /** Spans that the next hop took. */
  taken = 0;
  /** Spans that it rejected for good, by its status; OK: in a partial success. Some are taken in their original form. */
  readonly rejected = new Map<StatusCode, number>();
  readonly #parts: DeliveryParts;
  /** The answer to the part that was taken last, and to the one that was refused first. */
  #success: TraceOutcome | undefined;
  #refusal: TraceOutcome | undefined;
  /** Spans lost for good, and what was said about it. */
  #lost = 0;
  readonly #messages = new Set<string>();

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /**
   * Sends the parts one after the other. What is refused for good is sent once more in its original form. The first answer
   * that is worth a retry ends it: the sender comes back with all parts, and those that were taken arrive twice. Otherwise
   * the outcome is a success if any part was taken, a partial one if anything was rejected, else the first refusal.
   */
  async send(request: TraceRequest, parts: readonly Part[]): Promise<TraceOutcome> {
    for (const part of parts) {
      let answer = await this.#parts.next.consume({ ...request, body: part.body });
      if (isPermanent(answer)) {
        this.#countRejected(answer.code, part.to - part.from);
        answer = await this.#sendOriginal(request, part, answer);
      }
      if (answer.code === StatusCode.OK) this.#noteSuccess(answer, part.to - part.from);
      else if (isPermanent(answer)) this.#noteRefusal(answer, part.to - part.from);
      else return answer;
    }
    return this.#outcome(parts.length);
  }

  /** Whatever the next hop has against our version of a part, it may not have against the sender's. */
  async #sendOriginal(request: TraceRequest, part: Part, refusal: TraceOutcome): Promise<TraceOutcome> {
    const { next, bytes, original } = this.#parts;
    const body = original(part);
    if (body.equals(part.body)) return refusal;
    // The sender's own bytes are reserved already.
    const size = body === request.body ? 0 : body.length;
    if (!bytes.tryReserve(size))
      return outcomeOf(new ServiceError('overloaded', { reason: 'pipeline.max_in_flight_bytes are in flight' }));
    try {
      return await next.consume({ ...request, body });
    } finally {
      bytes.release(size);
    }
  }

  #noteSuccess(answer: TraceOutcome, spans: number): void {
    this.#success = answer;
    const partial = partialSuccessOf(answer.response);
    const rejected = Math.max(0, Math.min(spans, partial?.rejectedSpans ?? 0));
    this.taken += spans - rejected;
    this.#lost += rejected;
    if (rejected > 0) this.#countRejected(StatusCode.OK, rejected);
    if (partial !== undefined && partial.errorMessage !== '') this.#messages.add(partial.errorMessage);
  }

  #noteRefusal(answer: TraceOutcome, spans: number): void {
    this.#refusal ??= answer;
    this.#lost += spans;
    this.#messages.add(answer.message);
  }

  #countRejected(code: StatusCode, spans: number): void {
    this.rejected.set(code, (this.rejected.get(code) ?? 0) + spans);
  }

  #outcome(parts: number): TraceOutcome {
    if (this.#success === undefined) return this.#refusal ?? SUCCESS;
    // What the next hop says of a whole request goes back as it came.
    if (parts === 1) return this.#success;
    if (this.#lost === 0 && this.#messages.size === 0) return SUCCESS;
    const partial = { rejectedSpans: this.#lost, errorMessage: [...this.#messages].join('; ') };
    return { ...SUCCESS, response: encodeResponse(partial) };
  }
}

/** Undefined on full success, and when the answer cannot be read: the next hop took the spans all the same. */
function partialSuccessOf(response: Buffer): PartialSuccess | undefined {
  try {
    return decodeResponse(response);
  } catch {
    return undefined;
  }
}
