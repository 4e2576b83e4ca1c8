/** What OTLP answers: google.rpc.Status with its RetryInfo, and ExportTraceServiceResponse, as protobuf and as JSON. */
import { ProtobufWriter } from './protobuf-writer.ts';
import { WireCursor } from './wire-cursor.ts';

/** A failure as google.rpc.Status tells it. */
export interface RpcStatus {
  /** google.rpc.Code. */
  readonly code: number;
  readonly message: string;
  /** google.rpc.RetryInfo: when set, the sender may retry after so many milliseconds. */
  readonly retryDelayMs?: number;
}

/** ExportTraceServiceResponse.partial_success; with no rejected spans, a message is a warning. */
export interface PartialSuccess {
  readonly rejectedSpans: number;
  readonly errorMessage: string;
}

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';
const MILLISECOND_NANOS = 1_000_000;

/** google.rpc.Status as protobuf. */
export function encodeStatus(status: RpcStatus): Buffer {
  const writer = new ProtobufWriter();
  if (status.code !== 0) {
    writer.tag(1, 0);
    writer.varint(status.code);
  }
  if (status.message !== '') {
    writer.tag(2, 2);
    writer.text(status.message);
  }
  if (status.retryDelayMs !== undefined) {
    const detail = writer.beginMessage(3);
    writer.tag(1, 2);
    writer.text(RETRY_INFO);
    const retryInfo = writer.beginMessage(2);
    const duration = writer.beginMessage(1);
    const { seconds, nanos } = durationOf(status.retryDelayMs);
    if (seconds !== 0) {
      writer.tag(1, 0);
      writer.varint(seconds);
    }
    if (nanos !== 0) {
      writer.tag(2, 0);
      writer.varint(nanos);
    }
    writer.endMessage(duration);
    writer.endMessage(retryInfo);
    writer.endMessage(detail);
  }
  return writer.toBuffer();
}

/** Reads google.rpc.Status; details other than RetryInfo are passed over. Throws WireError on malformed bytes. */
export function decodeStatus(bytes: Buffer): RpcStatus {
  const cursor = cursorAt(bytes);
  const end = bytes.length;
  let code = 0;
  let message = '';
  let retryDelayMs: number | undefined;
  while (cursor.position < end) {
    const tag = cursor.tag(end);
    if (tag === 0x08) code = cursor.int32(end);
    else if (tag === 0x12) message = textAt(cursor, end);
    else if (tag === 0x1a) retryDelayMs = readRetryDelay(cursor, cursor.bodyEnd(end)) ?? retryDelayMs;
    else cursor.skip(tag, end);
  }
  return { code, message, ...(retryDelayMs === undefined ? {} : { retryDelayMs }) };
}

/** google.rpc.Status in the JSON mapping of protobuf. */
export function statusToJson(status: RpcStatus): string {
  const { code, message, retryDelayMs } = status;
  if (retryDelayMs === undefined) return JSON.stringify({ code, message });
  const { seconds, nanos } = durationOf(retryDelayMs);
  // Durations have 0, 3, 6 or 9 digits of fraction there.
  const fraction = nanos === 0 ? '' : `.${(nanos / MILLISECOND_NANOS).toString().padStart(3, '0')}`;
  return JSON.stringify({ code, message, details: [{ '@type': RETRY_INFO, retryDelay: `${seconds}${fraction}s` }] });
}

/** Reads the JSON of google.rpc.Status; undefined when it is something else. */
export function statusFromJson(text: string): RpcStatus | undefined {
  const value = parseObject(text);
  if (value === undefined || typeof value['code'] !== 'number') return undefined;
  const details: unknown[] = Array.isArray(value['details']) ? value['details'] : [];
  const delays = details.map(jsonRetryDelay).filter((delay) => delay !== undefined);
  const message = typeof value['message'] === 'string' ? value['message'] : '';
  return { code: value['code'], message, ...(delays[0] === undefined ? {} : { retryDelayMs: delays[0] }) };
}

/** ExportTraceServiceResponse as protobuf; without a partial success it is empty. */
export function encodeResponse(partialSuccess?: PartialSuccess): Buffer {
  const writer = new ProtobufWriter();
  if (partialSuccess !== undefined) {
    const message = writer.beginMessage(1);
    if (partialSuccess.rejectedSpans !== 0) {
      writer.tag(1, 0);
      writer.varint(partialSuccess.rejectedSpans);
    }
    if (partialSuccess.errorMessage !== '') {
      writer.tag(2, 2);
      writer.text(partialSuccess.errorMessage);
    }
    writer.endMessage(message);
  }
  return writer.toBuffer();
}

/** The partial success of an ExportTraceServiceResponse; undefined on full success. Throws WireError. */
export function decodeResponse(bytes: Buffer): PartialSuccess | undefined {
  const cursor = cursorAt(bytes);
  const end = bytes.length;
  let partialSuccess: PartialSuccess | undefined;
  while (cursor.position < end) {
    const tag = cursor.tag(end);
    if (tag === 0x0a) partialSuccess = readPartialSuccess(cursor, cursor.bodyEnd(end), partialSuccess);
    else cursor.skip(tag, end);
  }
  return partialSuccess;
}

/** An ExportTraceServiceResponse from protobuf to JSON. Throws WireError. */
export function responseToJson(bytes: Buffer): string {
  const partialSuccess = decodeResponse(bytes);
  if (partialSuccess === undefined) return '{}';
  const { rejectedSpans, errorMessage } = partialSuccess;
  // int64 is a string in the JSON mapping.
  return JSON.stringify({ partialSuccess: { rejectedSpans: `${rejectedSpans}`, errorMessage } });
}

/** The partial success in the JSON of an ExportTraceServiceResponse; undefined on full success or other JSON. */
export function responseFromJson(text: string): PartialSuccess | undefined {
  const value = objectOf(parseObject(text)?.['partialSuccess']);
  if (value === undefined) return undefined;
  const rejectedSpans = Number(value['rejectedSpans'] ?? 0);
  const errorMessage = typeof value['errorMessage'] === 'string' ? value['errorMessage'] : '';
  return { rejectedSpans: Number.isSafeInteger(rejectedSpans) ? rejectedSpans : 0, errorMessage };
}

function readPartialSuccess(cursor: WireCursor, end: number, before: PartialSuccess | undefined): PartialSuccess {
  let { rejectedSpans, errorMessage } = before ?? { rejectedSpans: 0, errorMessage: '' };
  while (cursor.position < end) {
    const tag = cursor.tag(end);
    if (tag === 0x08) rejectedSpans = cursor.int64(end);
    else if (tag === 0x12) errorMessage = textAt(cursor, end);
    else cursor.skip(tag, end);
  }
  return { rejectedSpans, errorMessage };
}

/** The delay in a google.protobuf.Any that holds a RetryInfo; undefined in any other. */
function readRetryDelay(cursor: WireCursor, end: number): number | undefined {
  let type = '';
  let value = cursor.bytes.subarray(0, 0);
  while (cursor.position < end) {
    const tag = cursor.tag(end);
    if (tag === 0x0a) type = textAt(cursor, end);
    else if (tag === 0x12) value = bytesAt(cursor, end);
    else cursor.skip(tag, end);
  }
  return type === RETRY_INFO ? retryDelayIn(value) : undefined;
}

function retryDelayIn(retryInfo: Buffer): number {
  const cursor = cursorAt(retryInfo);
  const end = retryInfo.length;
  let seconds = 0;
  let nanos = 0;
  while (cursor.position < end) {
    const tag = cursor.tag(end);
    if (tag !== 0x0a) {
      cursor.skip(tag, end);
      continue;
    }
    const durationEnd = cursor.bodyEnd(end);
    while (cursor.position < durationEnd) {
      const durationTag = cursor.tag(durationEnd);
      if (durationTag === 0x08) seconds = cursor.int64(durationEnd);
      else if (durationTag === 0x10) nanos = cursor.int32(durationEnd);
      else cursor.skip(durationTag, durationEnd);
    }
  }
  return Math.max(0, seconds * 1000 + nanos / MILLISECOND_NANOS);
}

function jsonRetryDelay(detail: unknown): number | undefined {
  const value = objectOf(detail);
  if (value?.['@type'] !== RETRY_INFO || typeof value['retryDelay'] !== 'string') return undefined;
  const match = /^(-?\d+(?:\.\d{1,9})?)s$/.exec(value['retryDelay']);
  return match === null ? undefined : Math.max(0, Number(match[1]) * 1000);
}

/** google.protobuf.Duration of a delay that is not negative, in whole milliseconds rounded up. */
function durationOf(delayMs: number): { seconds: number; nanos: number } {
  const wholeMs = Math.ceil(delayMs);
  return { seconds: Math.floor(wholeMs / 1000), nanos: (wholeMs % 1000) * MILLISECOND_NANOS };
}

function cursorAt(bytes: Buffer): WireCursor {
  const cursor = new WireCursor();
  cursor.bytes = bytes;
  return cursor;
}

function bytesAt(cursor: WireCursor, end: number): Buffer {
  const bodyEnd = cursor.bodyEnd(end);
  const bytes = cursor.bytes.subarray(cursor.position, bodyEnd);
  cursor.position = bodyEnd;
  return bytes;
}

function textAt(cursor: WireCursor, end: number): string {
  return bytesAt(cursor, end).toString();
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function objectOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
