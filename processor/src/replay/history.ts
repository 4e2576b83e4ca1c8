/** Training on history: it is replayed, and a model is trained on the rows that it leaves. */
import { train } from '../model/train.ts';
import type { Trained, TrainingContext } from '../model/training-conduct.ts';
import { type HistoryReading, HistoryReplay } from './history-replay.ts';

export interface HistoryOrder extends HistoryReading {
  /** What the models of the service say to the training. */
  readonly context: TrainingContext;
}

/**
 * Learns from all traces in `chunks` (compressed or not) and trains. Rejects with `upload_unreadable`, `upload_too_large`,
 * `too_few_rows`, or the error of `chunks`.
 */
export async function trainOnHistory(
  chunks: AsyncIterable<Buffer>,
  order: HistoryOrder,
  onProgress: (share: number) => void,
): Promise<Trained> {
  const history = new HistoryReplay(order, { learning: { until: Number.POSITIVE_INFINITY } });
  await history.judge(chunks);
  const trained = await history.engine.lifecycle.trainAlone(order.context, (input) =>
    Promise.resolve(train(input, onProgress)),
  );
  return { ...trained, notes: { ...history.notes } };
}
