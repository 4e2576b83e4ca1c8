/** The training thread: trains on `workerData`, posts its progress and then the result, ends. */
import os from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { train, type TrainingInput } from './train.ts';

// Linux keeps the priority per thread (setpriority(2), "C library/kernel differences"): the scheduler then prefers the
// event loop. Elsewhere this would slow the whole process, so there the thread runs like any other.
if (process.platform === 'linux') os.setPriority(os.constants.priority.PRIORITY_LOW);

const result = train(workerData as TrainingInput, (progress) => parentPort?.postMessage({ progress }));
parentPort?.postMessage(result, [result.model]);
