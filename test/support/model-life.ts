/** What a model's life takes besides what is learned, kept in memory: for tests that are about something else. */
import { JobMemory } from '../../processor/src/jobs/job-memory.ts';
import { Jobs } from '../../processor/src/jobs/jobs.ts';
import { ModelMemory } from '../../processor/src/model/model-memory.ts';
import type { Model } from '../../processor/src/model/model.ts';
import { ModelRegister } from '../../processor/src/model/model-register.ts';
import type { ModelStore } from '../../processor/src/model/model-store.ts';

export interface ModelLife {
  readonly register: ModelRegister;
  readonly jobs: Jobs;
  /** Unix milliseconds, one more at every look. */
  readonly clock: () => number;
}

function rethrow(error: unknown): never {
  throw error;
}

/** `activated` hears of every model that is put to use. */
export function modelLife(
  activated: (model: Model) => void,
  store: ModelStore = new ModelMemory(),
  failed: (error: unknown) => void = rethrow,
): ModelLife {
  let nowMs = 1.8e12;
  const clock = (): number => nowMs++;
  const events = { activated, shadowed: () => {}, failed };
  const register = new ModelRegister({ store, clock, agreement: () => undefined, events });
  const jobs = new Jobs({ journal: new JobMemory(), clock, random: () => 0.5, onFault: rethrow });
  return { register, jobs, clock };
}
