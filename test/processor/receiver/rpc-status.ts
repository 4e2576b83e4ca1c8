import protobuf from 'protobufjs';

/** google.rpc.Status and what it holds, in an independent implementation of protobuf. */
const { root } = protobuf.parse(
  `syntax = "proto3";
   message Any { string type_url = 1; bytes value = 2; }
   message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
   message Duration { int64 seconds = 1; int32 nanos = 2; }
   message RetryInfo { Duration retry_delay = 1; }
   message PartialSuccess { int64 rejected_spans = 1; string error_message = 2; }
   message Response { PartialSuccess partial_success = 1; }`,
);
const Status = root.lookupType('Status');
const RetryInfo = root.lookupType('RetryInfo');
const Response = root.lookupType('Response');

const RETRY_INFO_URL = 'type.googleapis.com/google.rpc.RetryInfo';

export interface ReadStatus {
  readonly code: number;
  readonly message: string;
  /** Seconds of RetryInfo; undefined without one. */
  readonly retrySeconds: number | undefined;
}

export function readStatus(bytes: Uint8Array): ReadStatus {
  const { code, message, details } = Status.toObject(Status.decode(bytes), { defaults: true, arrays: true });
  const retryInfo = (details as { type_url: string; typeUrl: string; value: Uint8Array }[]).find(
    (detail) => detail.typeUrl === RETRY_INFO_URL,
  );
  if (retryInfo === undefined) return { code, message, retrySeconds: undefined };
  const { retryDelay } = RetryInfo.toObject(RetryInfo.decode(retryInfo.value), { longs: Number, defaults: true });
  return { code, message, retrySeconds: retryDelay.seconds + retryDelay.nanos / 1e9 };
}

/** google.rpc.Status for a next hop to send. */
export function writeStatus(code: number, message: string, retrySeconds?: number): Buffer {
  const retryDelay = { seconds: Math.floor(retrySeconds ?? 0), nanos: Math.round(((retrySeconds ?? 0) % 1) * 1e9) };
  const value = RetryInfo.encode({ retryDelay }).finish();
  const details = retrySeconds === undefined ? [] : [{ typeUrl: RETRY_INFO_URL, value }];
  return Buffer.from(Status.encode({ code, message, details }).finish());
}

/** ExportTraceServiceResponse with a partial success. */
export function writePartialSuccess(rejectedSpans: number, errorMessage: string): Buffer {
  return Buffer.from(Response.encode({ partialSuccess: { rejectedSpans, errorMessage } }).finish());
}

/** The partial success of an ExportTraceServiceResponse. */
export function readPartialSuccess(bytes: Uint8Array): { rejectedSpans: number; errorMessage: string } {
  return Response.toObject(Response.decode(bytes), { longs: Number, defaults: true })['partialSuccess'];
}
