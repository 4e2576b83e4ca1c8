/**
 * Imports: models that were trained elsewhere. What is sent must be a whole file with a right checksum, of a format and of
 * features that this version knows, and must judge; it then waits as a candidate, or as rejected if it was so there.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { z } from 'zod';
import { ServiceError } from '../errors.ts';
import { type EntityKind, rowWidth } from '../features/features.ts';
import type { JobControl, JobEnd, Jobs } from '../jobs/jobs.ts';
import type { Job } from '../store/jobs.ts';
import { type ModelFileContent, parseModelFile } from '../store/model-file.ts';
import type { ModelHeader } from './model-header.ts';
import type { ModelRegister } from './model-register.ts';
import { Model } from './model.ts';

export interface ModelImportParts {
  readonly register: ModelRegister;
  readonly jobs: Jobs;
  /** Wall clock, unix milliseconds. */
  readonly clock: () => number;
}

/** Models of the largest options have a tenth of it. */
const MAX_BYTES = 256 * 1024 * 1024;
/** As the data folder names its files. */
const VERSION = /^[a-z0-9][a-z0-9_-]{0,63}$/;

const count = z.number().int().nonnegative();
const counts = z.strictObject({ user: count, address: count, endpoint: count });
const milliseconds = z.number().finite().optional();
/** What is taken over of a header: everything else in it, such as the id of a job, was said of another installation. */
const sentHeader = z.object({
  rows: counts,
  entities: counts,
  seed: count,
  fromMs: milliseconds,
  toMs: milliseconds,
  gates: z
    .array(
      z.object({
        gate: z.enum(['kinds', 'sample', 'alert_rate', 'golden_attacks', 'score_distribution']),
        passed: z.boolean(),
        detail: z.string().max(2000),
      }),
    )
    .max(20),
  scores: z
    .partialRecord(z.enum(['user', 'address', 'endpoint']), z.array(z.number().min(0).max(1.01)).max(10))
    .default({}),
});

export class ModelImport {
  readonly #parts: ModelImportParts;

  constructor(parts: ModelImportParts) {
    this.#parts = parts;
  }

  /**
   * Takes a model in and resolves with the job, which names it. Rejects with `job_running`, `shutting_down`,
   * `model_damaged`, `model_exists` or `store_unwritable`.
   */
  async run(bytes: AsyncIterable<Uint8Array>, requestedBy: string): Promise<Job> {
    const order = { kind: 'import', requestedBy, request: {} } as const;
    const { ended } = await this.#parts.jobs.start(order, (control) => this.#import(bytes, control));
    const { job, error } = await ended;
    if (job.state === 'failed') throw error;
    return job;
  }

  async #import(bytes: AsyncIterable<Uint8Array>, control: JobControl): Promise<JobEnd> {
    control.stage('read');
    const sent = await collect(bytes, control.signal);
    control.stage('check');
    const content = await parseModelFile(sent);
    const model = await modelOf(content);
    const header = this.#headerOf(content, model, control.id);
    control.signal.throwIfAborted();
    control.stage('keep');
    const { version, gates, state } = await this.#parts.register.add(header, content.bytes);
    return { modelVersion: version, gates, result: { state } };
  }

  #headerOf({ header, isRejected }: ModelFileContent, { provenance }: Model, jobId: string): ModelHeader {
    const sent = sentHeader.safeParse(header);
    if (!sent.success) throw damaged(`its header is not one of ours (${sent.error.issues[0]!.path.join('.')})`);
    const { rows, entities, seed, fromMs, toMs, gates, scores } = sent.data;
    const hasPassed = !isRejected && gates.every(({ passed }) => passed);
    return {
      version: provenance.version,
      trainedAtSeconds: provenance.trainedAtSeconds,
      rows,
      entities,
      seed,
      fromMs,
      toMs,
      gates,
      scores,
      origin: 'import',
      jobId,
      createdMs: Math.round(this.#parts.clock()),
      outcome: hasPassed ? 'candidate' : 'rejected',
    };
  }
}

/** All bytes. A sender that stalls does not hold up who gives the import up. */
async function collect(bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<Uint8Array> {
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  givenUp.catch(() => undefined);
  signal.addEventListener('abort', () => reject(new ServiceError('cancelled')));
  const iterator = bytes[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await Promise.race([iterator.next(), givenUp]);
      if (done === true) return Buffer.concat(chunks);
      chunks.push(value);
      length += value.byteLength;
      if (length > MAX_BYTES) throw damaged(`it has more than ${MAX_BYTES} bytes`);
    }
  } finally {
    // Not waited for: it may be stalled.
    void iterator.return?.().catch(() => undefined);
  }
}

async function modelOf({ label, bytes }: ModelFileContent): Promise<Model> {
  let model: Model;
  try {
    model = await Model.load(new Uint8Array(bytes), turn);
  } catch (cause) {
    throw new ServiceError('model_damaged', { reason: (cause as Error).message }, { cause });
  }
  const { version } = model.provenance;
  if (!VERSION.test(version) || version !== label) throw damaged('its name is not the one it was written under');
  if (model.kinds.length === 0) throw damaged('it judges nobody');
  if (!model.kinds.every((kind) => judges(model, kind))) throw damaged('it finds no rarity in a row');
  return model;
}

/** Whether a detector makes a number of a row in which nothing happened. */
function judges({ detectors }: Model, kind: EntityKind): boolean {
  const detector = detectors[kind]!;
  return detector.rarity(detector.evaluate(new Float32Array(rowWidth(kind))), 0) >= 0;
}

const damaged = (reason: string): ServiceError => new ServiceError('model_damaged', { reason });
