/** Trainings that end in ways a test wants. */
import { Model } from '../../../processor/src/model/model.ts';
import type { TrainingRunner } from '../../../processor/src/model/model-lifecycle.ts';
import { train } from '../../../processor/src/model/train.ts';
import { inline } from './entities.ts';

/** A runner whose result a gate refuses. */
export const alarming: TrainingRunner = async (input) => ({
  ...train(input),
  gates: [{ gate: 'alert_rate', passed: false, detail: 'user 50 %' }],
});

/** Fails. */
export const broken = (reason: string) => () => Promise.reject(new Error(reason));

/** A runner that tells what it was given, as far as it concerns approval. */
export function recorder(): { run: TrainingRunner; approved: (string | undefined)[] } {
  const approved: (string | undefined)[] = [];
  const run: TrainingRunner = (input) => {
    approved.push(input.approved && Model.from(new Uint8Array(input.approved)).provenance.version);
    return inline(input);
  };
  return { run, approved };
}

/** Goes on until it is given up. */
export const endless: TrainingRunner = (_, control) =>
  new Promise((_resolve, reject) => control!.signal.addEventListener('abort', () => reject(new Error('given up'))));
