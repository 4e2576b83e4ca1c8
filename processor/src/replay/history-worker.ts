/** The thread that trains on history: it asks for the bytes, posts its progress and then the result, ends. */
import os from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { ServiceError } from '../errors.ts';
import type { WorkerNote } from '../model/trainer.ts';
import { BrokenOff, fedChunks } from '../model/worker-feed.ts';
import { type HistoryOrder, trainOnHistory } from './history.ts';

// See training-worker.ts.
if (process.platform === 'linux') os.setPriority(os.constants.priority.PRIORITY_LOW);

const port = parentPort!;
const tell = (note: WorkerNote): void => port.postMessage(note);

try {
  const trained = await trainOnHistory(fedChunks(port), workerData as HistoryOrder, (progress) => tell({ progress }));
  port.postMessage(trained, [trained.result.model]);
} catch (error) {
  const known = error instanceof BrokenOff ? new ServiceError('upload_broken_off', { reason: error.message }) : error;
  if (!(known instanceof ServiceError)) throw error;
  tell({ refusal: { code: known.code, details: known.details } });
}
// The port keeps the thread alive for as long as it listens.
port.close();
