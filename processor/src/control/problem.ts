/** Errors as RFC 9457 problem documents. */
import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { type ErrorDefinition, ERRORS, type ServiceError } from '../errors.ts';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** Of an error that has no HTTP status of its own; it was not meant for this API. */
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
  const status = definition.http ?? UNEXPECTED;
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
