/** Jobs over an upload: whoever sends it is answered when it has been read, or has been found to be of no use. */
import type { Job } from '../store/jobs.ts';
import type { JobControl, StartedJob } from './jobs.ts';

export interface Upload {
  /** Read no faster than it is worked on. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Length of `bytes`, where it is known: progress rests on it. */
  readonly length?: number | undefined;
}

/** Share of such a job that is done when all bytes are read. */
export const READ = 0.8;

/** The bytes of an upload; tells the job how far they are read. */
export async function* reading({ bytes, length }: Upload, control: JobControl): AsyncGenerator<Uint8Array, void, void> {
  let read = 0;
  for await (const chunk of bytes) {
    yield chunk;
    read += chunk.length;
    if (length !== undefined) control.progress(READ * Math.min(1, read / length));
  }
}

/** Resolves with the job when `read` does or the job has ended. Rejects with why it failed before. */
export async function whenRead({ job, ended }: StartedJob, read: Promise<void>): Promise<Job> {
  const end = await Promise.race([read.then(() => undefined), ended]);
  if (end?.job.state === 'failed') throw end.error;
  return job;
}
