/** What can go wrong on the way to the processor, told apart by what a person can do about it. */

export type ProblemKind =
  /** Nothing answers at the address. */
  | 'unreachable'
  /** The processor knows no such token, or none was given. */
  | 'token'
  /** Grafana's or the processor's roles forbid it. */
  | 'forbidden'
  /** The processor has no such call: it is older than the plugin. */
  | 'missing'
  /** There is no such record. */
  | 'gone'
  /** Something else is under way. */
  | 'busy'
  /** The processor answered with something that is none of its answers. */
  | 'garbled'
  /** The request was wrong. */
  | 'refused';

export class ControlProblem extends Error {
  readonly kind: ProblemKind;
  /** HTTP status; 0 where nothing was heard. */
  readonly status: number;
  /** Method and path. */
  readonly call: string;
  /** The job that is in the way. */
  readonly job: string | undefined;

  constructor(kind: ProblemKind, message: string, { status = 0, call = '', job }: ProblemDetails = {}) {
    super(message);
    this.name = 'ControlProblem';
    this.kind = kind;
    this.status = status;
    this.call = call;
    this.job = job;
  }
}

interface ProblemDetails {
  readonly status?: number;
  readonly call?: string;
  readonly job?: string | undefined;
}

/** What Grafana's fetch rejects with. */
interface FailedFetch {
  readonly status?: number;
  readonly cancelled?: boolean;
  readonly data?: unknown;
}

/** Statuses with which Grafana's proxy says that it could not reach what is behind it. */
const GATEWAY = [502, 503, 504];

/** Data source and panel are modules of their own, each with a class of this name: the one throws what the other shows. */
const isControlProblem = (error: unknown): error is ControlProblem =>
  error instanceof Error && error.name === 'ControlProblem' && 'kind' in error;

/** The problem that a failed call amounts to. `call`: its method and path. */
export function problemOf(error: unknown, call: string): ControlProblem {
  if (isControlProblem(error)) {
    return error;
  }
  const { status = 0, data } = (typeof error === 'object' && error !== null ? error : {}) as FailedFetch;
  const { detail, job, message, type } = fieldsOf(data);
  const said = detail ?? message;
  const details = { status, call, job };
  // The processor's own documents carry a type; without one, Grafana's proxy or something else on the way speaks.
  const isOfProcessor = type?.startsWith('urn:api-anomaly:error:') === true;
  if (status === 401 || (status === 400 && !isOfProcessor && isRefusedToken(data))) {
    return new ControlProblem('token', said ?? 'The processor refused the token.', details);
  }
  if (status === 403) {
    return new ControlProblem('forbidden', said ?? 'Your role may not do this.', details);
  }
  if (status === 0 || (GATEWAY.includes(status) && !isOfProcessor)) {
    const heard = said === undefined ? 'Nothing came back.' : `Grafana’s proxy says “${said}”.`;
    return new ControlProblem('unreachable', heard, details);
  }
  if (status === 404 || status === 405) {
    const isGone = type === 'urn:api-anomaly:error:no_such_record' || type === 'urn:api-anomaly:error:model_not_found';
    return isGone
      ? new ControlProblem('gone', said ?? 'There is no such record any more.', details)
      : new ControlProblem('missing', `The processor does not know ${call}; it needs a newer version.`, details);
  }
  if (status === 409 || status === 429 || status === 503) {
    return new ControlProblem('busy', said ?? 'The processor is busy; try again in a moment.', details);
  }
  return new ControlProblem('refused', said ?? `The processor answered ${status} to ${call}.`, details);
}

/** Grafana's proxy turns a 401 from behind it into a 400 with this text. */
function isRefusedToken(data: unknown): boolean {
  const text = typeof data === 'string' ? data : (fieldsOf(data).message ?? '');
  return text.includes('Authentication to data source failed');
}

function fieldsOf(data: unknown): { detail?: string; message?: string; job?: string; type?: string } {
  let read = data;
  if (typeof data === 'string') {
    try {
      read = JSON.parse(data);
    } catch {
      return {};
    }
  }
  if (typeof read !== 'object' || read === null) {
    return {};
  }
  const fields: Record<string, string> = {};
  for (const name of ['detail', 'message', 'job', 'type']) {
    const value: unknown = Reflect.get(read, name);
    if (typeof value === 'string' && value !== '') {
      fields[name] = value;
    }
  }
  return fields;
}
