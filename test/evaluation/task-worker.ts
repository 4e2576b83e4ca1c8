/** Runs one task of the evaluation after the other in a thread of its own; `TASKS` are those there are. */
import { parentPort } from 'node:worker_threads';
import { ablationOutcome } from './ablation-outcome.ts';
import { nasaOutcome } from './nasa-outcome.ts';
import { nezhaOutcome } from './nezha-outcome.ts';
import { ordinaryOutcome } from './ordinary-outcome.ts';
import { worldOutcome } from './world-outcome.ts';

const TASKS = {
  world: worldOutcome,
  ordinary: ordinaryOutcome,
  nasa: nasaOutcome,
  nezha: nezhaOutcome,
  ablation: ablationOutcome,
} as const;

export type Tasks = typeof TASKS;
export type TaskName = keyof Tasks;

/** What a thread is sent. */
export interface TaskOrder {
  readonly name: TaskName;
  readonly input: unknown;
}

parentPort?.on('message', ({ name, input }: TaskOrder) => {
  const run = TASKS[name] as (given: unknown) => Promise<unknown>;
  // A task that fails ends its thread, which tells whoever waits.
  void run(input).then((result) => parentPort!.postMessage(result));
});
