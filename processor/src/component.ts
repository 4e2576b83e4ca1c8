/** The two contracts every stage of the pipeline keeps. */

/** A part of the service with a life of its own. */
export interface Component {
  /** Resolves when the component can do its work; rejects with the reason it cannot. */
  start(): Promise<void>;
  /**
   * Finishes the work at hand and releases what `start` took. Safe twice and without a start. `signal` aborts when the
   * time for a graceful stop is over; what is unfinished by then is given up.
   */
  stop(signal: AbortSignal): Promise<void>;
}

/** How a trace request arrived. */
export type Transport = 'grpc' | 'http_protobuf' | 'http_json';

/** One OTLP ExportTraceServiceRequest, as protobuf, after decompression and JSON mapping. */
export interface TraceRequest {
  readonly body: Buffer;
  readonly transport: Transport;
  /** Time by which the caller wants an answer, in milliseconds of `performance.now()`. */
  readonly deadlineMs: number;
  /** Aborts when the caller has gone away. */
  readonly signal: AbortSignal;
}

/** gRPC status codes (google.rpc.Code), the language in which stages tell each other how a request ended. */
export const StatusCode = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type StatusCode = (typeof StatusCode)[keyof typeof StatusCode];

/** How a trace request ended: the answer its sender gets. */
export interface TraceOutcome {
  readonly code: StatusCode;
  /** OK: the ExportTraceServiceResponse as protobuf; empty means full success. Otherwise empty. */
  readonly response: Buffer;
  /** What went wrong and what to do; empty when OK. */
  readonly message: string;
  /** When set, the sender may retry after so many milliseconds (google.rpc.RetryInfo, Retry-After). */
  readonly retryDelayMs?: number;
}

/** A stage that takes trace requests. `consume` never rejects: every fault is an outcome. */
export interface TraceConsumer {
  consume(request: TraceRequest): Promise<TraceOutcome>;
}

/** The bounded store of bytes in flight, input and output together. */
export interface ByteBudget {
  /** Takes `bytes` if they fit; false means: refuse with UNAVAILABLE and retry information. */
  tryReserve(bytes: number): boolean;
  release(bytes: number): void;
}

/** The full success of OTLP: an ExportTraceServiceResponse with nothing set. */
export const SUCCESS: TraceOutcome = { code: StatusCode.OK, response: Buffer.alloc(0), message: '' };
