/** The one place where the end of a trace request becomes a wire status: of gRPC with its trailers, or of HTTP. */
import { Metadata } from '@grpc/grpc-js';
import type { StatusObject } from '@grpc/grpc-js';
import { StatusCode } from '../component.ts';
import type { TraceOutcome } from '../component.ts';
import { ERRORS, ServiceError } from '../errors.ts';
import type { ErrorCode, ErrorDefinition } from '../errors.ts';
import { encodeStatus } from '../otlp/response.ts';

/** After how long a sender may try again when it is we who cannot take its request now. Its own backoff comes on top. */
const RETRY_DELAY_MS = 1000;

/** Longest message of an answer, in UTF-16 units: gRPC clients take about 8 KiB of trailers, and it is in them twice. */
const MAX_MESSAGE_LENGTH = 1024;

/**
 * Senders retry 429, 502, 503 and 504 and drop every other request that failed. So what gRPC senders retry must be one of
 * these, and nothing else may be (OTLP specification, "OTLP/HTTP Response"; the rest is as the collector answers).
 */
const HTTP_STATUS = {
  [StatusCode.OK]: 200,
  [StatusCode.CANCELLED]: 503,
  [StatusCode.UNKNOWN]: 500,
  [StatusCode.INVALID_ARGUMENT]: 400,
  [StatusCode.DEADLINE_EXCEEDED]: 503,
  [StatusCode.NOT_FOUND]: 500,
  [StatusCode.ALREADY_EXISTS]: 500,
  [StatusCode.PERMISSION_DENIED]: 403,
  [StatusCode.RESOURCE_EXHAUSTED]: 413,
  [StatusCode.FAILED_PRECONDITION]: 500,
  [StatusCode.ABORTED]: 503,
  [StatusCode.OUT_OF_RANGE]: 503,
  [StatusCode.UNIMPLEMENTED]: 404,
  [StatusCode.INTERNAL]: 500,
  [StatusCode.UNAVAILABLE]: 503,
  [StatusCode.DATA_LOSS]: 503,
  [StatusCode.UNAUTHENTICATED]: 401,
} as const satisfies Record<StatusCode, number>;

/** The code of a thrown error; `fault` for every error that is not of the table, which is a defect of ours. */
export function errorCodeOf(error: unknown): ErrorCode {
  return error instanceof ServiceError ? error.code : 'fault';
}

/** The outcome of a request that ended in a thrown error. Never UNKNOWN or INTERNAL: collectors drop what gets those. */
export function outcomeOfError(error: unknown): TraceOutcome {
  const { status, retryable, message } = error instanceof ServiceError ? error : new ServiceError('fault');
  const outcome = { code: status, response: Buffer.alloc(0), message };
  return retryable ? { ...outcome, retryDelayMs: RETRY_DELAY_MS } : outcome;
}

/** The gRPC status of an outcome that is not OK, with google.rpc.Status in its trailers. */
export function grpcStatusOf(outcome: TraceOutcome): StatusObject {
  const message = messageOf(outcome);
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', encodeStatus({ ...outcome, message }));
  return { code: outcome.code, details: message, metadata };
}

/** The HTTP status of a thrown error. */
export function httpStatusOfError(error: unknown): number {
  const definition: ErrorDefinition = ERRORS[errorCodeOf(error)];
  return definition.http ?? httpStatusOf(outcomeOfError(error));
}

/** The HTTP status of an outcome. */
export function httpStatusOf(outcome: TraceOutcome): number {
  const mayRetry = outcome.retryDelayMs !== undefined;
  return outcome.code === StatusCode.RESOURCE_EXHAUSTED && mayRetry ? 429 : HTTP_STATUS[outcome.code];
}

/** Retry-After in whole seconds, at least one; undefined when the outcome names no delay. */
export function retryAfterSecondsOf(outcome: TraceOutcome): number | undefined {
  return outcome.retryDelayMs === undefined ? undefined : Math.max(1, Math.ceil(outcome.retryDelayMs / 1000));
}

/** The message as it may go on the wire: short, and without half of a surrogate pair, which no encoder takes. */
export function messageOf(outcome: TraceOutcome): string {
  return outcome.message.slice(0, MAX_MESSAGE_LENGTH).toWellFormed();
}
