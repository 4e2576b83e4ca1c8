/** Errors as RFC 9457 problem documents. */
import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';
import { type ErrorDefinition, ERRORS, type ServiceError } from '../errors.ts';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** Of an error that has no HTTP status of its own; it was not meant for this API. */
const UNEXPECTED = 503;

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** What was wrong, with the value, and what to do. */
  readonly detail: string;
}

export function problemOf(error: ServiceError): Problem {
  const definition: ErrorDefinition = ERRORS[error.code];
  const status = definition.http ?? UNEXPECTED;
  return {
    type: `urn:api-anomaly:error:${error.code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: error.message,
  };
}

/** Answers with the problem document of an error. */
export function sendError(reply: FastifyReply, error: ServiceError): FastifyReply {
  const document = problemOf(error);
  if (document.status === 401) reply.header('www-authenticate', 'Bearer');
  return reply.code(document.status).type(PROBLEM_TYPE).send(JSON.stringify(document));
}
