/** The thread of the database: calls the methods of a `DatabaseFile` as it is told, one after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import { type DatabaseFaultKind, faultOf } from './database-fault.ts';
import { DatabaseFile } from './database-file.ts';
import type { RetentionLimits } from './retention.ts';

export interface DatabaseWorkerData {
  readonly file: string;
  readonly limits: RetentionLimits;
}

export interface DatabaseCall {
  readonly id: number;
  readonly method: keyof DatabaseFile;
  readonly parameters: readonly unknown[];
}

export interface DatabaseAnswer {
  readonly id: number;
  readonly value?: unknown;
  readonly fault?: { readonly kind: DatabaseFaultKind; readonly message: string };
}

const { file, limits } = workerData as DatabaseWorkerData;
const database = new DatabaseFile(file, limits);

parentPort?.on('message', ({ id, method, parameters }: DatabaseCall) => {
  parentPort?.postMessage(answer(id, method, parameters));
});

function answer(id: number, method: keyof DatabaseFile, parameters: readonly unknown[]): DatabaseAnswer {
  try {
    const run = database[method] as (...values: unknown[]) => unknown;
    return { id, value: run.apply(database, [...parameters]) };
  } catch (error) {
    const { kind, message } = faultOf(error);
    return { id, fault: { kind, message } };
  }
}
