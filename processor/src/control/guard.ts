/** What stands before every route: who may call from where, how often, and what is written down about it. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config/schema.ts';
import { ServiceError } from '../errors.ts';
import type { Audit } from '../store/audit.ts';
import type { Log } from '../telemetry/log.ts';
import type { ControlAccess } from './auth/control-access.ts';
import { mayActAs } from './auth/role.ts';
import { auditEntryOf } from './call.ts';
import { HostCheck } from './host-check.ts';
import { isForeignOrigin } from './origin-check.ts';
import type { Readiness } from './routes/health.ts';

export interface GuardParts {
  readonly config: Config['control'];
  readonly access: Pick<ControlAccess, 'caller'>;
  readonly unreadyBecause: Readiness;
  /** Where what was done is kept; the log has it too. */
  readonly audit?: Pick<Audit, 'append'> | undefined;
  /** Wall clock, unix milliseconds. */
  readonly nowMs: () => number;
  readonly log: Log;
}

const MINUTE_MS = 60_000;

type Counter = ReturnType<FastifyInstance['createRateLimit']>;

/** Adds the checks to `app`, whose rate limit plugin is loaded and whose routes are yet to come. */
export function addGuard(app: FastifyInstance, parts: GuardParts): void {
  const { config, access, unreadyBecause } = parts;
  const hosts = new HostCheck(config.bind_address, config.allowed_hosts);
  const counter = (max: number, keyGenerator: (request: FastifyRequest) => string): Counter =>
    app.createRateLimit({ max, timeWindow: MINUTE_MS, keyGenerator });
  const requests = counter(config.max_requests_per_minute, ({ ip }) => ip);
  const refusals = counter(config.max_refused_per_minute, ({ ip }) => ip);
  const feedback = counter(config.max_feedback_per_minute, ({ caller, ip }) => caller?.fingerprint ?? ip);

  app.decorateRequest('caller', undefined);
  app.decorateRequest('uploaded', undefined);
  // oxlint-disable-next-line unicorn/no-null -- set for each request below; a shared object would be refused
  app.decorateRequest('audited', null as unknown as FastifyRequest['audited']);

  app.addHook('onRequest', async (request, reply) => {
    request.audited = { timeMs: Math.round(parts.nowMs()), detail: {}, isWritten: false };
    reply.header('cache-control', 'no-store');
    const { host, origin } = request.headers;
    if (!hosts.allows(host)) throw new ServiceError('host_not_allowed', { host: host ?? 'missing' });
    if (isForeignOrigin(origin, host)) throw new ServiceError('origin_not_allowed', { origin: origin ?? '' });
    await take(requests, request, 'control.max_requests_per_minute');

    // What does not say who may call is nobody's.
    const { access: needed = request.is404 ? 'viewer' : 'admin', isPage = false, isRare } = request.routeOptions.config;
    if (needed === 'anyone') return;
    if (unreadyBecause().includes('starting')) throw new ServiceError('starting');
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    request.caller = access.caller(request.headers, isPage && isRead);
    if (request.caller === undefined) {
      await take(refusals, request, 'control.max_refused_per_minute');
      if (isPage) reply.header('www-authenticate', 'Basic realm="api-anomaly: any name, a token as password", Bearer');
      throw new ServiceError('unauthenticated');
    }
    const { role } = request.caller;
    if (!mayActAs(role, needed)) throw new ServiceError('forbidden', { role, needed });
    if (isRare === true) await take(feedback, request, 'control.max_feedback_per_minute');
  });

  // Before the answer goes out: what was acknowledged is written down.
  app.addHook('onSend', async (request, reply) => writeDown(request, reply, parts));
}

/** Counts a request. Throws `rate_limited` when it is one too many. */
async function take(counter: Counter, request: FastifyRequest, key: string): Promise<void> {
  const taken = await counter(request);
  if (taken.isAllowed || !taken.isExceeded) return;
  throw new ServiceError('rate_limited', { limit: taken.max, seconds: Math.max(1, taken.ttlInSeconds), key });
}

async function writeDown(request: FastifyRequest, reply: FastifyReply, { audit, log }: GuardParts): Promise<void> {
  const { caller, audited } = request;
  const { statusCode } = reply;
  if (request.routeOptions.config.audit === undefined || caller === undefined || statusCode === 429) return;
  const entry = auditEntryOf(request);
  const { actor, role, action, target } = entry;
  log.info({ actor, role, action, target, status: statusCode }, 'control call');
  if (audited.isWritten && statusCode < 400) return;
  try {
    await audit?.append({ ...entry, detail: { ...entry.detail, status: statusCode } });
  } catch (error) {
    log.error({ err: error, action }, 'the audit trail could not be written');
  }
}
