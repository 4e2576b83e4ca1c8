/** The control API, one method a call. Every failure is a ControlProblem. */
import type {
  Anomaly,
  Endpoint,
  FeedbackAnswer,
  FeedbackOrder,
  FullIncident,
  Incident,
  Job,
  Model,
  Page,
  Sensitivity,
  Status,
  User,
  UserProfile,
} from './answers';
import { type Call } from './calls';
import { patiently, PATIENCE_MS } from './patience';
import { ControlProblem, problemOf } from './problem';

/** What is sent; `path` begins with `api/v1/`. */
export interface ControlRequest {
  readonly method: Call['method'];
  readonly path: string;
  readonly query?: Query;
  /** Sent as JSON, or as it is where it is a Blob. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Sends a request and resolves with the body of its answer; rejects with what Grafana's fetch rejects with. */
export type Transport = (request: ControlRequest) => Promise<unknown>;

/** Filters of anomalies and incidents; see the control API. */
export interface FindingsQuery extends Query {
  readonly from?: string;
  readonly to?: string;
  readonly kind?: string;
  readonly entity?: string;
  readonly service?: string;
  readonly endpoint?: string;
  readonly behavior?: string;
  readonly severity?: string;
  readonly min_score?: number;
  readonly sort?: 'time' | 'score';
  readonly order?: 'asc' | 'desc';
  readonly limit?: number;
  readonly cursor?: string;
}

/** Most rows that a page may have. */
export const LARGEST_PAGE = 500;

export class ControlClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  status(signal?: AbortSignal): Promise<Status> {
    return this.#get('status', {}, signal);
  }

  anomalies(query: FindingsQuery & { readonly incident?: string }, signal?: AbortSignal): Promise<Page<Anomaly>> {
    return this.#page('anomalies', query, signal);
  }

  incidents(
    query: FindingsQuery & { readonly open?: boolean; readonly feedback?: string },
    signal?: AbortSignal,
  ): Promise<Page<Incident>> {
    return this.#page('incidents', query, signal);
  }

  incident(id: string, signal?: AbortSignal): Promise<FullIncident> {
    return this.#get(`incidents/${encodeURIComponent(id)}`, {}, signal);
  }

  /** `isPreview`: says what it would change, and changes nothing. */
  feedback(id: string, order: FeedbackOrder, isPreview: boolean, signal?: AbortSignal): Promise<FeedbackAnswer> {
    const path = `incidents/${encodeURIComponent(id)}/feedback`;
    return this.#send('POST', path, order, signal, isPreview ? { dry_run: true } : {});
  }

  /** Takes an exclusion back, and the feedback that it came of. */
  async endExclusion(id: string): Promise<void> {
    await this.#call({ method: 'DELETE', path: `api/v1/exclusions/${encodeURIComponent(id)}` });
  }

  users(
    query: Query & { readonly min_score?: number; readonly sort?: string; readonly order?: string },
    signal?: AbortSignal,
  ): Promise<Page<User>> {
    return this.#page('users', query, signal);
  }

  user(pseudonym: string, signal?: AbortSignal): Promise<UserProfile> {
    return this.#get(`users/${encodeURIComponent(pseudonym)}`, {}, signal);
  }

  /** Erases all that is kept of one user. */
  erase(id: string): Promise<unknown> {
    return this.#send('POST', 'users/erase', { id });
  }

  endpoints(
    query: Query & { readonly service?: string; readonly search?: string; readonly sort?: string },
    signal?: AbortSignal,
  ): Promise<Page<Endpoint>> {
    return this.#page('endpoints', query, signal);
  }

  models(signal?: AbortSignal): Promise<Page<Model>> {
    return this.#page('models', { limit: LARGEST_PAGE }, signal);
  }

  activate(version: string, mode: 'active' | 'shadow'): Promise<Model> {
    return this.#send('POST', `models/${encodeURIComponent(version)}/activate`, { mode });
  }

  async deleteModel(version: string): Promise<void> {
    await this.#call({ method: 'DELETE', path: `api/v1/models/${encodeURIComponent(version)}` });
  }

  jobs(query: Query & { readonly kind?: string; readonly state?: string }, signal?: AbortSignal): Promise<Page<Job>> {
    return this.#page('jobs', query, signal);
  }

  job(id: string, signal?: AbortSignal): Promise<Job> {
    return this.#get(`jobs/${encodeURIComponent(id)}`, {}, signal);
  }

  cancelJob(id: string): Promise<Job> {
    return this.#call({ method: 'DELETE', path: `api/v1/jobs/${encodeURIComponent(id)}` }) as Promise<Job>;
  }

  /** Trains on what was seen: all of it, or from `from` to `to`. */
  trainWindow(range: { readonly from?: string; readonly to?: string }): Promise<Job> {
    return this.#send('POST', 'train', { source: 'window', ...range });
  }

  /** Trains on uploaded history: OTLP as JSON, JSON lines or protobuf, compressed or not; the processor tells by its bytes. */
  trainUpload(history: Blob): Promise<Job> {
    return this.#send('POST', 'train', history);
  }

  sensitivity(signal?: AbortSignal): Promise<Sensitivity> {
    return this.#get('sensitivity', {}, signal);
  }

  /** What is left out stays, what is null is the configuration file's again. */
  setSensitivity(change: Readonly<Record<string, unknown>>): Promise<Sensitivity> {
    return this.#send('PUT', 'sensitivity', change);
  }

  backtest(order: { readonly budget?: number; readonly model?: string }, signal?: AbortSignal): Promise<Job> {
    return this.#send('POST', 'backtest', order, signal);
  }

  async #get<Answer>(path: string, query: Query, signal: AbortSignal | undefined): Promise<Answer> {
    return objectIn(await this.#call({ method: 'GET', path: `api/v1/${path}`, query, signal }), path) as Answer;
  }

  async #page<Row>(path: string, query: Query, signal: AbortSignal | undefined): Promise<Page<Row>> {
    const page = await this.#get<Page<Row>>(path, query, signal);
    if (!Array.isArray(page.items)) {
      throw new ControlProblem('garbled', `GET /${path} was answered without a list.`, { call: `GET /${path}` });
    }
    return page;
  }

  async #send<Answer>(
    method: 'POST' | 'PUT',
    path: string,
    body: unknown,
    signal?: AbortSignal,
    query: Query = {},
  ): Promise<Answer> {
    return objectIn(await this.#call({ method, path: `api/v1/${path}`, body, query, signal }), path) as Answer;
  }

  async #call(request: ControlRequest): Promise<unknown> {
    const call = `${request.method} /${request.path}`;
    const { signal } = request;
    try {
      // An upload takes as long as it takes.
      return request.body instanceof Blob
        ? await this.#transport(request)
        : await patiently(PATIENCE_MS, { call, signal }, (limited) => this.#transport({ ...request, signal: limited }));
    } catch (error) {
      if (signal?.aborted === true) {
        throw error;
      }
      throw problemOf(error, call);
    }
  }
}

/** Something on the way may answer in the processor's place, with a page of its own. */
function objectIn(answer: unknown, path: string): object {
  if (typeof answer === 'object' && answer !== null) {
    return answer;
  }
  const message = `What answered is no processor: /${path} was answered with ${answer === undefined ? 'nothing' : typeof answer}. Check the address of the data source.`;
  throw new ControlProblem('garbled', message, { call: `/${path}` });
}
