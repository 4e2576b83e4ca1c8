/** Errors as RFC 9457 problem documents. */
import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { StatusCode } from '../component.ts';
import { type ErrorDefinition, ERRORS, type ServiceError } from '../errors.ts';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** Of errors that have no HTTP status of their own, by their gRPC status; all others are 503. */
const HTTP_STATUS: Readonly<Partial<Record<StatusCode, number>>> = {
  [StatusCode.INVALID_ARGUMENT]: 400,
  [StatusCode.UNAUTHENTICATED]: 401,
  [StatusCode.PERMISSION_DENIED]: 403,
  [StatusCode.NOT_FOUND]: 404,
  [StatusCode.CANCELLED]: 408,
  [StatusCode.ALREADY_EXISTS]: 409,
  [StatusCode.FAILED_PRECONDITION]: 409,
  [StatusCode.ABORTED]: 409,
};
const UNEXPECTED = 503;
/** After how long to try again what may succeed later. */
const RETRY_SECONDS = 1;

export const problemSchema = z
  .object({
    type: z.string().describe('urn:api-anomaly:error: and a code of errors.md.'),
    title: z.string().describe('The HTTP status in words.'),
    status: z.int().describe('The HTTP status.'),
    detail: z.string().describe('What was wrong, with the value, and what to do.'),
    job: z.string().optional().describe('The job that is in the way.'),
  })
  .describe('Problem details, RFC 9457.');

export type Problem = z.output<typeof problemSchema>;

export function problemOf(error: ServiceError): Problem {
  const definition: ErrorDefinition = ERRORS[error.code];
  const status = definition.http ?? HTTP_STATUS[definition.status] ?? UNEXPECTED;
  const { job } = error.details;
  return {
    type: `urn:api-anomaly:error:${error.code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: error.message,
    ...(typeof job === 'string' && { job }),
  };
}

/** Answers with the problem document of an error. */
export function sendError(reply: FastifyReply, error: ServiceError): FastifyReply {
  const document = problemOf(error);
  const { status } = document;
  if (status === 401 && !reply.hasHeader('www-authenticate')) reply.header('www-authenticate', 'Bearer');
  if (status === 429 || status === 503) reply.header('retry-after', error.details['seconds'] ?? RETRY_SECONDS);
  return reply.code(status).type(PROBLEM_TYPE).send(JSON.stringify(document));
}
