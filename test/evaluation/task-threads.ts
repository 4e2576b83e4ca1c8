import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { TaskName, TaskOrder, Tasks } from './task-worker.ts';

/** Threads at work at a time: a world takes some hundred megabytes. */
const THREADS = 2;

type Input<Name extends TaskName> = Parameters<Tasks[Name]>[0];
type Outcome<Name extends TaskName> = Awaited<ReturnType<Tasks[Name]>>;

/**
 * The outcomes of a task for all inputs, in their order; two are at work at a time, each in a thread. `title`: what is
 * said to be under way, on standard error. Rejects with the first failure.
 */
export async function runTasks<Name extends TaskName>(
  title: string,
  name: Name,
  inputs: readonly Input<Name>[],
): Promise<Outcome<Name>[]> {
  const outcomes: Outcome<Name>[] = [];
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('task-worker.ts', import.meta.url));
    try {
      while (next < inputs.length) {
        const index = next++;
        const order: TaskOrder = { name, input: inputs[index] };
        worker.postMessage(order);
        [outcomes[index]] = (await once(worker, 'message')) as [Outcome<Name>];
        process.stderr.write(`${title}: ${++done} of ${inputs.length}\n`);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(THREADS, inputs.length) }, work));
  return outcomes;
}
