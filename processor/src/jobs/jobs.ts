/**
 * Jobs: work that takes longer than a request may (trainings, backtests, imports), one of a kind at a time. Each is
 * kept in a journal when it begins, when it enters another stage and when it ends, so that it outlives a restart.
 */
import { ServiceError } from '../errors.ts';
import type { Job, JobGate } from '../store/jobs.ts';

/** Where jobs are kept: see the table of jobs in `store`. A journal that fails costs the record, never the job. */
export interface JobJournal {
  /** Keeps a job in place of what was kept of it before. */
  save(job: Job): Promise<void>;
  /** The jobs that began last, newest first. */
  list(filter: object, page: { readonly limit: number }): Promise<{ readonly items: readonly Job[] }>;
}

export interface JobOrder {
  readonly kind: Job['kind'];
  /** Name of the token, or `schedule`. */
  readonly requestedBy: string;
  /** What was asked for, as plain JSON. */
  readonly request: unknown;
}

/** What a job tells while it runs, and is told. */
export interface JobControl {
  readonly id: string;
  /** Aborts when the job is to be given up: reject soon, with anything. */
  readonly signal: AbortSignal;
  /** What is done from here on: one word. */
  stage(name: string): void;
  /** Share of the whole job that is done, 0..1; one below what was told before is passed over. */
  progress(share: number): void;
}

/** How work ended that did not fail. */
export interface JobEnd {
  /** `rejected` for a model that did not pass; `succeeded` by default. */
  readonly state?: 'succeeded' | 'rejected';
  readonly modelVersion?: string;
  readonly gates?: readonly JobGate[];
  /** Plain JSON. */
  readonly result?: unknown;
}

export interface StartedJob {
  readonly job: Job;
  /** Resolves when the job has ended, whichever way; `error` is what its work rejected with. */
  readonly ended: Promise<{ readonly job: Job; readonly error?: unknown }>;
}

export interface JobsEdges {
  readonly journal: JobJournal;
  /** Wall clock, unix milliseconds. */
  readonly clock: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Hears of a journal that fails. */
  readonly onFault: (error: unknown) => void;
}

interface Running {
  job: Job;
  readonly aborter: AbortController;
  readonly ended: StartedJob['ended'];
}

/** Jobs that can be asked for, the running ones included. */
const MOST_JOBS = 500;
/** Ids within a millisecond: four digits to the base of 36. */
const IDS = 36 ** 4;
/** Before this much is done, what is left cannot be told from it. */
const LEAST_PROGRESS = 0.02;

export class Jobs {
  readonly #edges: JobsEdges;
  /** By id, oldest first. */
  readonly #jobs = new Map<string, Job>();
  readonly #running = new Map<Job['kind'], Running>();
  /** Saved one after another, so that an older state never replaces a newer one. */
  #saving: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(edges: JobsEdges) {
    this.#edges = edges;
  }

  /** Reads what was kept. What ran when the process ended is interrupted, and says so from now on. */
  async open(): Promise<void> {
    const kept = await this.#attempt(() => this.#edges.journal.list({}, { limit: MOST_JOBS }));
    for (const job of kept?.items.toReversed() ?? []) {
      this.#jobs.set(job.id, job);
      if (job.state === 'running') await this.#put({ ...job, ...this.#end('interrupted', INTERRUPTED) });
    }
  }

  /**
   * Begins a job, which is kept in the journal before this resolves. Rejects with `training_running` or `job_running`,
   * whose details name the job, while another of its kind runs, and with `shutting_down` after `stop`.
   */
  async start(order: JobOrder, work: (control: JobControl) => Promise<JobEnd>): Promise<StartedJob> {
    const started = this.begin(order, work);
    await this.#saving;
    return started;
  }

  /** As `start`, without waiting for the journal. Throws. */
  begin(order: JobOrder, work: (control: JobControl) => Promise<JobEnd>): StartedJob {
    if (this.#isStopped) throw new ServiceError('shutting_down');
    const other = this.#running.get(order.kind);
    if (other !== undefined) throw refusal(other.job);
    const nowMs = this.#nowMs();
    const job: Job = {
      ...order,
      id: this.#newId(nowMs),
      state: 'running',
      stage: 'begin',
      progress: 0,
      startedMs: nowMs,
      updatedMs: nowMs,
      endedMs: undefined,
      modelVersion: undefined,
      gates: [],
      result: undefined,
      error: undefined,
    };
    const aborter = new AbortController();
    void this.#put(job);
    const running: Running = { job, aborter, ended: this.#run(job, aborter.signal, work) };
    this.#running.set(order.kind, running);
    this.#forgetOldest();
    return { job, ended: running.ended };
  }

  /** The job of a kind that runs now. */
  running(kind: Job['kind']): Job | undefined {
    const running = this.#running.get(kind);
    return running && this.#jobs.get(running.job.id);
  }

  /** Whether a job of this kind may begin. */
  isFree(kind: Job['kind']): boolean {
    return !this.#isStopped && !this.#running.has(kind);
  }

  get(id: string): Job | undefined {
    return this.#jobs.get(id);
  }

  /** Newest first, at most 500: what was kept and what runs. */
  list(): Job[] {
    return [...this.#jobs.values()].toReversed();
  }

  /** Seconds until a running job is done if it goes on as it did; undefined where that cannot be told. */
  etaSeconds({ state, progress, startedMs }: Job): number | undefined {
    if (state !== 'running' || progress < LEAST_PROGRESS) return undefined;
    return ((this.#edges.clock() - startedMs) / 1000) * (1 / progress - 1);
  }

  /** Gives a running job up and resolves with it when it has ended; one that had ended stays as it was. */
  async cancel(id: string): Promise<Job | undefined> {
    const running = [...this.#running.values()].find(({ job }) => job.id === id);
    running?.aborter.abort('cancelled');
    await running?.ended;
    return this.#jobs.get(id);
  }

  /** Resolves when no job of this kind runs. */
  async idle(kind: Job['kind']): Promise<void> {
    await this.#running.get(kind)?.ended;
  }

  /** Interrupts what runs, and waits for it and for the journal. No job begins any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const running = [...this.#running.values()];
    for (const { aborter } of running) aborter.abort('stopped');
    await Promise.all(running.map(({ ended }) => ended));
    await this.#saving;
  }

  async #run(
    { id, kind }: Job,
    signal: AbortSignal,
    work: (control: JobControl) => Promise<JobEnd>,
  ): ReturnType<() => StartedJob['ended']> {
    const control: JobControl = {
      id,
      signal,
      stage: (stage) => void this.#put({ ...this.#jobs.get(id)!, stage, updatedMs: this.#nowMs() }),
      progress: (share) => this.#progress(id, share),
    };
    let ended: Partial<Job>;
    let error: unknown;
    try {
      // Not before the job is known to run.
      await Promise.resolve();
      const { state = 'succeeded', ...end } = await work(control);
      ended = { ...end, ...this.#end(state, undefined), progress: 1 };
    } catch (cause) {
      error = cause;
      ended = signal.aborted
        ? this.#end(
            ...((signal.reason === 'stopped' ? ['interrupted', INTERRUPTED] : ['cancelled', undefined]) as Ending),
          )
        : this.#end('failed', reasonOf(cause));
    }
    const job = { ...this.#jobs.get(id)!, ...ended };
    const kept = this.#put(job);
    // At once: who is told that it has ended may begin the next one, however slow the disk.
    this.#running.delete(kind);
    await kept;
    return { job, ...(error !== undefined && { error }) };
  }

  #end(state: Job['state'], error: string | undefined): Pick<Job, 'state' | 'error' | 'endedMs' | 'updatedMs'> {
    const nowMs = this.#nowMs();
    return { state, error, endedMs: nowMs, updatedMs: nowMs };
  }

  /** Not kept: it changes too often for that, and after a restart the job does not go on. */
  #progress(id: string, share: number): void {
    const job = this.#jobs.get(id)!;
    if (share > job.progress) this.#jobs.set(id, { ...job, progress: Math.min(1, share), updatedMs: this.#nowMs() });
  }

  #put(job: Job): Promise<void> {
    this.#jobs.set(job.id, job);
    this.#saving = this.#saving.then(() => this.#attempt(() => this.#edges.journal.save(job)));
    return this.#saving;
  }

  #forgetOldest(): void {
    for (const [id, job] of this.#jobs) {
      if (this.#jobs.size <= MOST_JOBS) return;
      if (job.state !== 'running') this.#jobs.delete(id);
    }
  }

  /** Sorts by time, cannot be guessed from it, and is not taken, whatever clock and randomness say. */
  #newId(nowMs: number): string {
    for (let number = Math.floor(this.#edges.random() * IDS); ; number = (number + 1) % IDS) {
      const id = `j-${nowMs.toString(36)}-${number.toString(36).padStart(4, '0')}`;
      if (!this.#jobs.has(id)) return id;
    }
  }

  #nowMs(): number {
    return Math.round(this.#edges.clock());
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#edges.onFault(error);
      return undefined;
    }
  }
}

type Ending = [Job['state'], string | undefined];

const INTERRUPTED = 'The service stopped while the job ran; start it again.';

function refusal({ id, kind }: Job): ServiceError {
  return kind === 'training'
    ? new ServiceError('training_running', { job: id })
    : new ServiceError('job_running', { kind, job: id });
}

/** What failed and what to do; for a defect of ours, where it is told. */
function reasonOf(cause: unknown): string {
  return cause instanceof ServiceError ? cause.message : new ServiceError('job_failed', {}, { cause }).message;
}
