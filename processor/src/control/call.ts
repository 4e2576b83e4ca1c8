/** What every route of the control API says of itself beside its schemas, and what it learns about its caller. */
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Caller } from './auth/control-access.ts';
import type { NewAuditEntry } from '../store/audit.ts';
import type { Role } from './auth/role.ts';

/** The instance on which routes are declared: one schema in zod gives validation, types and the OpenAPI document. */
export type ControlApp = ReturnType<typeof withSchemas>;

export const withSchemas = (app: FastifyInstance) => app.withTypeProvider<ZodTypeProvider>();

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The smallest role that may call; `anyone` needs no token. A route that does not say is an error at start. */
    access?: Role | 'anyone';
    /** Name in the audit trail, for what changes something: `model.activate`. */
    audit?: string;
    /** A page that browsers open by themselves: they may show the token as a password (HTTP Basic). */
    isPage?: boolean;
    /** Limited more strictly than other calls. */
    isRare?: boolean;
    /** What the body may be beside JSON. */
    upload?: UploadTypes;
  }

  interface FastifyRequest {
    /** Who calls; undefined where anyone may. */
    caller: Caller | undefined;
    /** What the audit trail is to hold of this call beside who and what. */
    audited: Audited;
    /** The body of an upload that is taken as it comes. */
    uploaded: Readable | undefined;
  }
}

export interface UploadTypes {
  /** `whole`: a Buffer of at most so many bytes. `stream`: as it comes in, and the body is `{ source: 'upload' }`. */
  readonly as: { readonly whole: number } | 'stream';
  readonly types: readonly string[];
  /** For the documentation. */
  readonly meaning: string;
}

interface Audited {
  readonly timeMs: number;
  target?: string;
  /** Never a secret, never a raw id. */
  detail: Record<string, unknown>;
  /** The entry was written together with the change. */
  isWritten: boolean;
}

/** The entry of the audit trail for a call, to be written with the change it tells of; say so then by `isWritten`. */
export function auditEntryOf(request: FastifyRequest): NewAuditEntry {
  const { actor, role } = callerOf(request);
  const { timeMs, target, detail } = request.audited;
  return { timeMs, actor, role, action: request.routeOptions.config.audit ?? 'call', target, detail };
}

/** Who calls, of a route that is not for anyone. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === undefined) throw new Error('a route for anyone asks who calls');
  return request.caller;
}
