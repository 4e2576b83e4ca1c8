/** The HTTP answer of a trace request, in the encoding the request had. */
import { STATUS_CODES } from 'node:http';
import { StatusCode } from '../component.ts';
import type { TraceOutcome } from '../component.ts';
import { encodeStatus, responseToJson, statusToJson } from '../otlp/response.ts';
import type { BodyEncoding } from './http-body.ts';
import { messageOf, retryAfterSecondsOf } from './status.ts';

interface HttpAnswer {
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/**
 * An ExportTraceServiceResponse, or google.rpc.Status when the outcome is not OK. `encoding`: that of the request; one
 * that is neither gets JSON, which people can read.
 */
export function answerOf(outcome: TraceOutcome, encoding: BodyEncoding | undefined): HttpAnswer {
  const isProtobuf = encoding === 'http_protobuf';
  const headers: Record<string, string> = {
    'content-type': isProtobuf ? 'application/x-protobuf' : 'application/json',
  };
  const retryAfterSeconds = retryAfterSecondsOf(outcome);
  if (retryAfterSeconds !== undefined) headers['retry-after'] = `${retryAfterSeconds}`;
  return { headers, body: isProtobuf ? protobufBodyOf(outcome) : Buffer.from(jsonBodyOf(outcome)) };
}

/** A whole HTTP/1.1 message, after which the connection closes, for a socket on which no request could be read. */
export function rawAnswerOf(outcome: TraceOutcome, status: number): Buffer {
  const { headers, body } = answerOf(outcome, undefined);
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  lines.push(`content-length: ${body.length}`, 'connection: close', '', '');
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), body]);
}

function protobufBodyOf(outcome: TraceOutcome): Buffer {
  return outcome.code === StatusCode.OK ? outcome.response : encodeStatus({ ...outcome, message: messageOf(outcome) });
}

function jsonBodyOf(outcome: TraceOutcome): string {
  if (outcome.code !== StatusCode.OK) return statusToJson({ ...outcome, message: messageOf(outcome) });
  try {
    return responseToJson(outcome.response);
  } catch {
    // The next hop took the spans, though its answer says nothing that can be read.
    return '{}';
  }
}
