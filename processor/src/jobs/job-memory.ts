/** Jobs kept in memory only: for replays, and for a service whose database cannot be used. */
import type { Job } from '../store/jobs.ts';
import type { JobJournal } from './jobs.ts';

const MOST_JOBS = 500;

export class JobMemory implements JobJournal {
  /** By id, oldest first. */
  readonly #jobs = new Map<string, Job>();

  save(job: Job): Promise<void> {
    this.#jobs.set(job.id, job);
    for (const id of this.#jobs.keys()) {
      if (this.#jobs.size <= MOST_JOBS) break;
      this.#jobs.delete(id);
    }
    return Promise.resolve();
  }

  list(_filter: object, { limit }: { readonly limit: number }): Promise<{ readonly items: readonly Job[] }> {
    return Promise.resolve({ items: [...this.#jobs.values()].toReversed().slice(0, limit) });
  }
}
