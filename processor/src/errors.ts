/** Every error this service reports, declared once: its code, its wire status, what was wrong and what to do about it. */
import { StatusCode, type TraceOutcome } from './component.ts';

export interface ErrorDefinition {
  /** The gRPC status a sender sees. HTTP derives its own from it, unless `http` says otherwise. */
  readonly status: StatusCode;
  /** The HTTP status, where the one derived from `status` would say less. */
  readonly http?: number;
  /** Whether the same request may succeed later. OTLP senders drop what is not retryable. */
  readonly retryable: boolean;
  /** What was wrong, with the offending values in braces. No full stop: the remedy follows after a semicolon. */
  readonly message: string;
  /** What to do about it, in the imperative. */
  readonly remedy: string;
}

/** Never UNKNOWN and never INTERNAL: the collector's exporter drops what is answered so. */
export const ERRORS = {
  // Receiver
  malformed_protobuf: {
    status: StatusCode.INVALID_ARGUMENT,
    retryable: false,
    message: 'The body is not an ExportTraceServiceRequest in protobuf: {reason}',
    remedy: 'send the message of opentelemetry/proto/collector/trace/v1/trace_service.proto',
  },
  malformed_json: {
    status: StatusCode.INVALID_ARGUMENT,
    retryable: false,
    message: 'The body is not an ExportTraceServiceRequest in JSON: {reason}',
    remedy: 'send OTLP/JSON (lowerCamelCase keys, hex ids, integer enums), or protobuf as application/x-protobuf',
  },
  malformed_compression: {
    status: StatusCode.INVALID_ARGUMENT,
    retryable: false,
    message: 'The body does not decompress as {encoding}: {reason}',
    remedy: 'compress the whole body once, as the content encoding says, or send it uncompressed',
  },
  malformed_call: {
    status: StatusCode.INVALID_ARGUMENT,
    retryable: false,
    message: 'The gRPC call is malformed: {reason}',
    remedy: 'call TraceService/Export with one length-prefixed message, as the gRPC specification describes',
  },
  receive_timeout: {
    status: StatusCode.UNAVAILABLE,
    retryable: true,
    message: 'The request did not arrive in full within {seconds} s',
    remedy: 'send the same request again; if this repeats, send smaller batches or look at the network in between',
  },
  request_too_large: {
    status: StatusCode.RESOURCE_EXHAUSTED,
    http: 413,
    retryable: false,
    message: 'The request has more than {limit} bytes after decompression',
    remedy: 'send smaller batches, or raise receiver.max_request_bytes',
  },
  unsupported_encoding: {
    status: StatusCode.UNIMPLEMENTED,
    http: 415,
    retryable: false,
    message: 'The content encoding is {encoding}',
    remedy: 'use gzip or none',
  },
  unsupported_media_type: {
    status: StatusCode.UNIMPLEMENTED,
    http: 415,
    retryable: false,
    message: 'The content type is {type}',
    remedy: 'use application/x-protobuf or application/json',
  },
  method_not_allowed: {
    status: StatusCode.UNIMPLEMENTED,
    http: 405,
    retryable: false,
    message: 'The method is {method}',
    remedy: 'use {allowed}',
  },
  not_found: {
    status: StatusCode.UNIMPLEMENTED,
    http: 404,
    retryable: false,
    message: 'Nothing is served at {path}',
    remedy: 'use {served}',
  },
  overloaded: {
    status: StatusCode.UNAVAILABLE,
    retryable: true,
    message: 'The service is at its limit: {reason}',
    remedy: 'send the same request again after the given delay',
  },
  shutting_down: {
    status: StatusCode.UNAVAILABLE,
    retryable: true,
    message: 'The service is stopping',
    remedy: 'send the same request again, to the instance that replaces this one',
  },
  deadline_exceeded: {
    status: StatusCode.DEADLINE_EXCEEDED,
    retryable: true,
    message: 'The deadline passed before the next hop answered',
    remedy: 'send the same request again; if this repeats, raise the timeout of the sender',
  },
  cancelled: {
    status: StatusCode.CANCELLED,
    retryable: true,
    message: 'The sender gave up before the answer',
    remedy: 'send the same request again; if this repeats, raise the timeout of the sender',
  },
  listen_failed: {
    status: StatusCode.FAILED_PRECONDITION,
    retryable: false,
    message: 'Cannot listen on {address}: {reason}',
    remedy: 'stop what uses the port, or set {key} to another one',
  },

  sender_not_admitted: {
    status: StatusCode.UNAUTHENTICATED,
    http: 401,
    retryable: false,
    message: 'The sender shows no valid token',
    remedy:
      'send authorization: Bearer with one of receiver.tokens; senders drop what is refused so, so that a new token must be valid here before they use it',
  },

  // Exporter
  next_hop_unavailable: {
    status: StatusCode.UNAVAILABLE,
    retryable: true,
    message: 'The next hop {endpoint} cannot be reached: {reason}',
    remedy: 'check that it runs and that export.endpoint is right; the sender keeps the spans and tries again',
  },
  next_hop_refused_credentials: {
    status: StatusCode.UNAVAILABLE,
    retryable: true,
    message: 'The next hop {endpoint} refuses our credentials: {reason}',
    remedy: 'correct export.headers; the sender keeps the spans and tries again',
  },
  next_hop_refused: {
    status: StatusCode.INVALID_ARGUMENT,
    retryable: false,
    message: 'The next hop {endpoint} refuses the spans for good: {reason}',
    remedy: 'correct what it names; the sender drops these spans',
  },
  next_hop_overloaded: {
    status: StatusCode.RESOURCE_EXHAUSTED,
    http: 429,
    retryable: true,
    message: 'The next hop {endpoint} takes no more for now: {reason}',
    remedy: 'send the same request again after the given delay',
  },
  next_hop_malformed_response: {
    status: StatusCode.UNAVAILABLE,
    retryable: true,
    message: 'The next hop {endpoint} answers with something other than OTLP: {reason}',
    remedy: 'point export.endpoint at an OTLP/gRPC receiver',
  },
  span_too_large: {
    status: StatusCode.RESOURCE_EXHAUSTED,
    http: 413,
    retryable: false,
    message: 'One span has {bytes} bytes, the next hop takes {limit}',
    remedy: 'raise its limit and export.max_request_bytes with it, or send less in the span',
  },

  // Configuration
  config_unreadable: {
    status: StatusCode.FAILED_PRECONDITION,
    retryable: false,
    message: 'The configuration file {file} cannot be read: {reason}',
    remedy: 'name a readable file with --config',
  },
  config_malformed: {
    status: StatusCode.FAILED_PRECONDITION,
    retryable: false,
    message: '{source} is not YAML of the expected form: {reason}',
    remedy: 'correct it there; `api-anomaly config schema` prints what is expected',
  },
  config_unknown_key: {
    status: StatusCode.FAILED_PRECONDITION,
    retryable: false,
    message: '{key} is {value}, but there is no such key',
    remedy: 'use {nearest} or remove it',
  },
  config_invalid_value: {
    status: StatusCode.FAILED_PRECONDITION,
    retryable: false,
    message: '{key} is {value}',
    remedy: 'use {expected}',
  },
  plaintext_not_allowed: {
    status: StatusCode.FAILED_PRECONDITION,
    retryable: false,
    message: 'receiver.bind_address is {address}, which others can reach in plain text',
    remedy: 'bind to 127.0.0.1, or set receiver.allow_plaintext to true where the network is trusted',
  },

  // Store
  store_locked: {
    status: StatusCode.FAILED_PRECONDITION,
    retryable: false,
    message: 'The data folder {directory} belongs to a running instance ({owner})',
    remedy: 'stop that instance, or set store.directory to a folder of its own',
  },
  store_unwritable: {
    status: StatusCode.FAILED_PRECONDITION,
    retryable: false,
    message: 'The data folder {directory} cannot be written: {reason}',
    remedy: 'make it writable for this user, or free space on its disk',
  },
  file_corrupt: {
    status: StatusCode.DATA_LOSS,
    retryable: true,
    message: 'The file {file} is damaged: {reason}',
    remedy: 'nothing needs doing: it is set aside and the service learns again; keep it if you want to find the cause',
  },
  file_newer: {
    status: StatusCode.FAILED_PRECONDITION,
    retryable: false,
    message: 'The file {file} has format {format}, this version reads up to {supported}',
    remedy: 'run the version that wrote it; it is set aside unchanged',
  },
  database_newer: {
    status: StatusCode.FAILED_PRECONDITION,
    retryable: false,
    message: 'The database {file} has schema {schema}, this version reads up to {supported}',
    remedy: 'run the version that wrote it, or move the file out of the data folder to begin with an empty one',
  },
  database_damaged: {
    status: StatusCode.DATA_LOSS,
    retryable: true,
    message: 'The database {file} is damaged: {reason}',
    remedy:
      'nothing needs doing: it is set aside and an empty one takes its place; to have its records back, stop the service and put a backup there',
  },
  database_unavailable: {
    status: StatusCode.UNAVAILABLE,
    http: 503,
    retryable: true,
    message: 'The database {file} cannot be used: {reason}',
    remedy: 'free space on its disk, or make it writable for this user; the service tries again by itself',
  },
  malformed_cursor: {
    status: StatusCode.INVALID_ARGUMENT,
    http: 400,
    retryable: false,
    message: 'The cursor {cursor} is none of this list in this order',
    remedy: 'give the cursor that came with the page before, or none to begin at the first page',
  },

  // Model
  model_incompatible: {
    status: StatusCode.FAILED_PRECONDITION,
    retryable: false,
    message: 'The model {model} does not fit this version: {reason}',
    remedy: 'train a new one; until then spans pass unscored',
  },
  training_failed: {
    status: StatusCode.UNAVAILABLE,
    retryable: true,
    message: 'Training stopped: {reason}',
    remedy: 'nothing needs doing: the model in use stays, and training starts again at its next time',
  },
  too_few_rows: {
    status: StatusCode.FAILED_PRECONDITION,
    http: 409,
    retryable: false,
    message: 'There are {rows} rows to train on, {needed} are needed',
    remedy: 'wait for more traffic, offer more of it, or lower model.min_rows',
  },
  model_not_found: {
    status: StatusCode.NOT_FOUND,
    http: 404,
    retryable: false,
    message: 'There is no model {model}',
    remedy: 'use one that the list of models names',
  },
  model_in_use: {
    status: StatusCode.FAILED_PRECONDITION,
    http: 409,
    retryable: false,
    message: 'The model {model} is {use}',
    remedy: 'activate another one first',
  },
  model_rejected: {
    status: StatusCode.FAILED_PRECONDITION,
    http: 409,
    retryable: false,
    message: 'The model {model} did not pass the gate {gate}: {reason}',
    remedy: 'train another one, run it as a shadow, or activate it despite the gates once you know why it failed',
  },
  model_exists: {
    status: StatusCode.ALREADY_EXISTS,
    http: 409,
    retryable: false,
    message: 'There is another model {model} already',
    remedy: 'delete that one first, or train the other anew',
  },
  model_damaged: {
    status: StatusCode.INVALID_ARGUMENT,
    http: 422,
    retryable: false,
    message: 'This is no model that can be used: {reason}',
    remedy: 'send a file that `api-anomaly train` wrote, or one of models/ of a data folder, unchanged',
  },
  no_active_model: {
    status: StatusCode.FAILED_PRECONDITION,
    http: 409,
    retryable: false,
    message: 'No model is active that {model} could run beside',
    remedy: 'activate it, or wait for the first model',
  },

  // Jobs
  training_running: {
    status: StatusCode.FAILED_PRECONDITION,
    http: 409,
    retryable: false,
    message: 'The training {job} is under way',
    remedy: 'wait for it to end, or cancel it',
  },
  job_running: {
    status: StatusCode.FAILED_PRECONDITION,
    http: 409,
    retryable: false,
    message: 'The job {job}, of kind {kind}, is under way',
    remedy: 'wait for it to end, or cancel it',
  },
  job_failed: {
    status: StatusCode.UNAVAILABLE,
    retryable: true,
    message: 'The job failed by a fault of ours',
    remedy: 'start it again; the log has the cause',
  },
  upload_unreadable: {
    status: StatusCode.INVALID_ARGUMENT,
    http: 422,
    retryable: false,
    message: 'The upload holds no traces: {reason}',
    remedy: 'send OTLP traces as JSON, JSON lines or protobuf, plain or compressed with gzip or Zstandard',
  },
  upload_too_large: {
    status: StatusCode.RESOURCE_EXHAUSTED,
    http: 413,
    retryable: false,
    message: 'The upload has more than {limit} bytes after decompression',
    remedy: 'send less, or raise model.max_upload_bytes',
  },
  upload_broken_off: {
    status: StatusCode.INVALID_ARGUMENT,
    http: 400,
    retryable: false,
    message: 'The upload broke off: {reason}',
    remedy: 'send it again',
  },
  upload_stalled: {
    status: StatusCode.INVALID_ARGUMENT,
    http: 408,
    retryable: false,
    message: 'Nothing of the upload came for {seconds} s',
    remedy: 'send it again without a pause, or raise control.upload_idle_seconds',
  },

  // Control API
  host_not_allowed: {
    status: StatusCode.PERMISSION_DENIED,
    http: 421,
    retryable: false,
    message: 'The Host header is {host}',
    remedy: 'use the address the service is bound to, or add this name to control.allowed_hosts',
  },
  origin_not_allowed: {
    status: StatusCode.PERMISSION_DENIED,
    http: 403,
    retryable: false,
    message: 'The Origin header is {origin}',
    remedy: 'call from this address itself or from a server: pages of other sites may not call this API',
  },
  starting: {
    status: StatusCode.UNAVAILABLE,
    http: 503,
    retryable: true,
    message: 'The service is starting',
    remedy: 'try again; GET /ready says when it is done',
  },
  unauthenticated: {
    status: StatusCode.UNAUTHENTICATED,
    http: 401,
    retryable: false,
    message: 'The request shows no valid token',
    remedy:
      'send Authorization: Bearer with one of control.tokens; without any configured, the tokens are in the folder tokens of the data folder',
  },
  forbidden: {
    status: StatusCode.PERMISSION_DENIED,
    http: 403,
    retryable: false,
    message: 'The token is one of a {role}',
    remedy: 'use a token of the role {needed}',
  },
  rate_limited: {
    status: StatusCode.RESOURCE_EXHAUSTED,
    http: 429,
    retryable: true,
    message: 'There are more than {limit} such requests a minute',
    remedy: 'wait for {seconds} s, or raise {key}',
  },
  invalid_request: {
    status: StatusCode.INVALID_ARGUMENT,
    http: 400,
    retryable: false,
    message: 'The request is not as this call takes it: {reason}',
    remedy: 'correct it; /openapi.json says what is expected',
  },
  content_type_not_taken: {
    status: StatusCode.UNIMPLEMENTED,
    http: 415,
    retryable: false,
    message: 'The content type is {type}',
    remedy: 'use {expected}',
  },
  body_too_large: {
    status: StatusCode.RESOURCE_EXHAUSTED,
    http: 413,
    retryable: false,
    message: 'The body has more than {limit} bytes after decompression',
    remedy: 'send less at a time, or raise {key}',
  },
  no_model: {
    status: StatusCode.FAILED_PRECONDITION,
    http: 409,
    retryable: false,
    message: 'There is no model yet',
    remedy: 'wait for the first one; GET /api/v1/status says how far learning is',
  },
  too_many_exclusions: {
    status: StatusCode.FAILED_PRECONDITION,
    http: 409,
    retryable: false,
    message: 'There are {limit} exclusions in force already',
    remedy: 'remove some, or make one of them wider',
  },
  no_such_record: {
    status: StatusCode.NOT_FOUND,
    http: 404,
    retryable: false,
    message: 'There is no {noun} {id}',
    remedy: 'take an id from {list}; records older than their retention are gone',
  },
  tokens_unreadable: {
    status: StatusCode.FAILED_PRECONDITION,
    retryable: false,
    message: 'The file of tokens {file} cannot be used: {reason}',
    remedy: 'write one token a line, followed by expires= and a time if it ends',
  },
  malformed_request: {
    status: StatusCode.INVALID_ARGUMENT,
    http: 400,
    retryable: false,
    message: 'The request cannot be read: {reason}',
    remedy: 'send a well-formed HTTP/1.1 request',
  },
  fault: {
    status: StatusCode.UNAVAILABLE,
    http: 503,
    retryable: true,
    message: 'The service failed to answer',
    remedy: 'try again; the log has the cause',
  },

  // Command line
  input_unreadable: {
    status: StatusCode.INVALID_ARGUMENT,
    retryable: false,
    message: 'The input {file} cannot be read: {reason}',
    remedy: 'name a readable file of OTLP traces',
  },
  output_unwritable: {
    status: StatusCode.FAILED_PRECONDITION,
    retryable: false,
    message: 'The output {file} cannot be written: {reason}',
    remedy: 'name a file in a folder that exists and is writable',
  },
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof ERRORS;

/** Longest value repeated in a message, in UTF-16 units: some come from untrusted senders. */
const MAX_VALUE_LENGTH = 512;

/** An error of the table. Its message says what was wrong, with the values, and what to do; never secrets or user ids. */
export class ServiceError extends Error {
  readonly code: ErrorCode;
  readonly status: StatusCode;
  readonly retryable: boolean;
  /** What filled the braces of message and remedy: for those who would take the message apart otherwise. */
  readonly details: Readonly<Record<string, string | number>>;

  /** `values` fill the braces of message and remedy. `cause` is for the log only; senders never see it. */
  constructor(code: ErrorCode, values: Readonly<Record<string, string | number>> = {}, options?: { cause?: unknown }) {
    const { message, remedy, status, retryable } = ERRORS[code];
    super(`${fill(message, values)}; ${fill(remedy, values)}.`, options);
    this.name = 'ServiceError';
    this.code = code;
    this.status = status;
    this.retryable = retryable;
    this.details = values;
  }
}

/** After how long a sender may try again when it is we who cannot take its request now. Its own backoff comes on top. */
const RETRY_DELAY_MS = 1000;

/** How a request ends in an error: `fault` stands for what is not of the table, which is a defect of ours. */
export function outcomeOf(error: unknown): TraceOutcome {
  const { status, retryable, message } = error instanceof ServiceError ? error : new ServiceError('fault');
  const outcome = { code: status, response: Buffer.alloc(0), message };
  return retryable ? { ...outcome, retryDelayMs: RETRY_DELAY_MS } : outcome;
}

/** A brace without a value stays as it is, so that a forgotten one shows. */
function fill(template: string, values: Readonly<Record<string, string | number>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (brace, name: string) => {
    const value = Object.hasOwn(values, name) ? String(values[name]) : brace;
    return value.length > MAX_VALUE_LENGTH ? `${value.slice(0, MAX_VALUE_LENGTH)}…` : value;
  });
}
