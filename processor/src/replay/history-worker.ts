/** The thread that learns from history or judges it: it asks for the bytes, posts its progress and then the result, ends. */
import os from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { ServiceError } from '../errors.ts';
import type { WorkerNote } from '../model/trainer.ts';
import { BrokenOff, fedChunks } from '../model/worker-feed.ts';
import { type HistoryOrder, trainOnHistory } from './history.ts';
import { backtestOnHistory, type JudgingOrder } from './history-judging.ts';

// See training-worker.ts.
if (process.platform === 'linux') os.setPriority(os.constants.priority.PRIORITY_LOW);

const port = parentPort!;
const tell = (note: WorkerNote): void => port.postMessage(note);

try {
  const order = workerData as HistoryOrder | JudgingOrder;
  if ('context' in order) {
    const trained = await trainOnHistory(fedChunks(port), order, (progress) => tell({ progress }));
    port.postMessage(trained, [trained.result.model]);
  } else {
    port.postMessage(await backtestOnHistory(fedChunks(port), order, () => tell({ progress: 1 })));
  }
} catch (error) {
  const known = error instanceof BrokenOff ? new ServiceError('upload_broken_off', { reason: error.message }) : error;
  if (!(known instanceof ServiceError)) throw error;
  tell({ refusal: { code: known.code, details: known.details } });
}
// The port keeps the thread alive for as long as it listens.
port.close();
