/**
 * What the next hop's answer means for whoever waits for ours. What may work later becomes UNAVAILABLE, which every OTLP
 * sender retries; what is refused for good keeps its code, so that the pipeline can try once more with the original bytes.
 */
import type { ServiceError as GrpcError } from '@grpc/grpc-js';
import { StatusCode } from '../component.ts';
import type { TraceOutcome } from '../component.ts';
import { ServiceError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { decodeStatus } from '../otlp/response.ts';

/** Asked of senders when the next hop names no delay of its own. Their backoff comes on top. */
const DEFAULT_RETRY_DELAY_MS = 1000;

/**
 * Statuses that @grpc/grpc-js makes up when the next hop sent none that can be read: the connection broke, the answer has
 * no trailers, or something that is not gRPC answered. They come as INTERNAL, UNKNOWN, UNIMPLEMENTED or RESOURCE_EXHAUSTED
 * and differ from a status of the next hop by their text alone. (A text that servers built on the library send as well,
 * "Received message larger than max", must not be here: that one is the next hop's.)
 */
const BROKEN_CALL =
  /^(Received RST_STREAM with code|No status information received|No message received|Failed to decompress |Bandwidth exhausted|Invalid status from control plane)/;
const NOT_GRPC = /^Received HTTP status code/;

/** The outcome of a call that failed. `endpoint`: for the message. */
export function outcomeOfFailure(failure: GrpcError, endpoint: string): TraceOutcome {
  const { details } = failure;
  const code = failure.code as StatusCode;
  const reason = `${nameOf(code)}: ${details}`;
  const delayMs = retryDelayOf(failure);
  if (BROKEN_CALL.test(details)) return retryable('next_hop_unavailable', { endpoint, reason }, undefined);
  if (NOT_GRPC.test(details)) return retryable('next_hop_malformed_response', { endpoint, reason: details }, undefined);
  switch (code) {
    case StatusCode.CANCELLED:
    case StatusCode.ABORTED:
    case StatusCode.OUT_OF_RANGE:
    case StatusCode.UNAVAILABLE:
    case StatusCode.DATA_LOSS:
      return retryable('next_hop_unavailable', { endpoint, reason }, delayMs);
    case StatusCode.DEADLINE_EXCEEDED:
      return retryable('deadline_exceeded', {}, delayMs);
    case StatusCode.UNAUTHENTICATED:
    case StatusCode.PERMISSION_DENIED:
      return retryable('next_hop_refused_credentials', { endpoint, reason }, delayMs);
    case StatusCode.RESOURCE_EXHAUSTED:
      if (delayMs !== undefined) return retryable('next_hop_overloaded', { endpoint, reason }, delayMs);
      return refused(code, endpoint, reason);
    case StatusCode.UNKNOWN:
    case StatusCode.INVALID_ARGUMENT:
    case StatusCode.NOT_FOUND:
    case StatusCode.ALREADY_EXISTS:
    case StatusCode.FAILED_PRECONDITION:
    case StatusCode.UNIMPLEMENTED:
    case StatusCode.INTERNAL:
      return refused(code, endpoint, reason);
    case StatusCode.OK:
    default:
      return retryable('next_hop_malformed_response', { endpoint, reason: `its status is ${code}` }, undefined);
  }
}

/** The outcome of a call that we gave up, or did not begin, because its sender has gone or we are stopping. */
export function outcomeOfAbandoned(code: 'cancelled' | 'shutting_down'): TraceOutcome {
  return retryable(code, {}, undefined);
}

function retryable(
  code: ErrorCode,
  values: Readonly<Record<string, string>>,
  delayMs: number | undefined,
): TraceOutcome {
  const { status, message } = new ServiceError(code, values);
  return { code: status, response: Buffer.alloc(0), message, retryDelayMs: delayMs ?? DEFAULT_RETRY_DELAY_MS };
}

function refused(code: StatusCode, endpoint: string, reason: string): TraceOutcome {
  const { message } = new ServiceError('next_hop_refused', { endpoint, reason });
  return { code, response: Buffer.alloc(0), message };
}

/** The delay of google.rpc.RetryInfo in the details of a status, in milliseconds; undefined when there is none. */
function retryDelayOf({ metadata }: GrpcError): number | undefined {
  const [details] = metadata.get('grpc-status-details-bin');
  if (!Buffer.isBuffer(details)) return undefined;
  try {
    const { retryDelayMs } = decodeStatus(details);
    return retryDelayMs === undefined ? undefined : Math.max(0, retryDelayMs);
  } catch {
    // Details are an extra: broken ones leave the status as it is.
    return undefined;
  }
}

function nameOf(code: StatusCode): string {
  return Object.entries(StatusCode).find(([, value]) => value === code)?.[0] ?? `${code}`;
}
