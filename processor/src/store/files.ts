/**
 * What outlives a restart: models, snapshots of the state, secrets. Layout of the data folder:
 *
 *     lock                              the instance that owns the folder
 *     models/000000000012.m-7.model     models by order of saving; immutable
 *     models/000000000003.m-8.rejected  the last two candidates that did not pass
 *     models/CURRENT                    the version in use, and which one is approved
 *     state/000000000034.state          snapshots, the last three
 *     secrets/pseudonym, secrets/hashes keys, readable by us alone
 *     quarantine/                       files that could not be used
 *     records.sqlite                    anomalies, incidents and the rest: see `database.ts`
 *
 * Every file is an envelope with a checksum, replaced as a whole. New first, then the pointer, then the removal of the
 * old: a crash at any moment leaves a folder that loads. Damaged files cost their content, never the service.
 */
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { ServiceError } from '../errors.ts';
import { type ApprovalRecord, approvalRecordOf } from './approval-record.ts';
import { replaceFile } from './atomic-file.ts';
import { EnvelopeReader, writeEnvelope, type Chunks, type Header } from './envelope.ts';
import { EnvelopeFolder, type NumberedFile } from './envelope-folder.ts';
import { DirectoryLock } from './lock.ts';
import { Quarantine } from './quarantine.ts';
import { type ModelStanding, standingOf } from './model-standing.ts';
import { loadOrCreateSecret } from './secrets.ts';
import { isMissing, isSystemError } from './system-error.ts';

export type StoreOperation =
  | 'save_model'
  | 'activate'
  | 'load_model'
  | 'delete_model'
  | 'save_state'
  | 'load_state'
  | 'quarantine'
  | 'secret'
  | 'erase';

/** Hears of every fault once, those that reject a call too. */
export interface StoreEvents {
  error(operation: StoreOperation, reason: string): void;
}

export interface StoredModel {
  readonly version: string;
  readonly header: Header;
  readonly bytes: ArrayBuffer;
  /** As it was when the model in use was activated; undefined where nothing is known of it. */
  readonly approval: ApprovalRecord | undefined;
  readonly standing: ModelStanding;
}

/** A kept model without its bytes. */
export interface ModelFile {
  readonly version: string;
  readonly header: Header;
  /** Kept apart, since it did not pass. */
  readonly isRejected: boolean;
}

/** What CURRENT says. */
interface Pointer {
  readonly version: string;
  readonly approval: ApprovalRecord | undefined;
  readonly standing: ModelStanding;
}

/** Versions kept besides the current one: as many steps back as a person can take. */
const KEPT_MODELS = 5;
/** For a person to look into; they must not push out models to go back to. */
const KEPT_REJECTED = 2;
const KEPT_SNAPSHOTS = 3;
/** Starts with a letter or digit and holds no dot and no separator: always a plain file name. */
const VERSION = /^[a-z0-9][a-z0-9_-]{0,63}$/;

export class FileStore {
  readonly #directory: string;
  readonly #events: StoreEvents;
  readonly #quarantine: Quarantine;
  readonly #models: EnvelopeFolder;
  readonly #rejected: EnvelopeFolder;
  readonly #snapshots: EnvelopeFolder;
  #lock: DirectoryLock | undefined;
  /** The model in use, which may differ from what CURRENT names if that one was damaged. */
  #inUse: string | undefined;
  /** Ends when all work asked for so far is done. Never rejects. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(directory: string, events: StoreEvents) {
    this.#directory = path.resolve(directory);
    this.#events = events;
    this.#quarantine = new Quarantine(this.#in('quarantine'), (reason) => events.error('quarantine', reason));
    this.#models = this.#folder('models', 'model', 'load_model');
    this.#rejected = this.#folder('models', 'rejected', 'load_model');
    this.#snapshots = this.#folder('state', 'state', 'load_state');
  }

  /** Files set aside since the start because they were damaged or of a newer version. */
  get quarantined(): number {
    return this.#quarantine.count;
  }

  /** Takes the folder, creating it where it is missing. Rejects with `store_locked` or `store_unwritable`. */
  async open(): Promise<void> {
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      this.#lock = await DirectoryLock.acquire(this.#directory);
      for (const part of [this.#quarantine, this.#models, this.#rejected, this.#snapshots]) await part.open();
    } catch (error) {
      this.#release();
      throw this.#explained(error);
    }
  }

  /** Finishes what was asked for and gives the folder back. Safe twice and without `open`. */
  async close(): Promise<void> {
    await this.#turn;
    this.#release();
  }

  /**
   * Keeps a model. `version`: 1 to 64 of a-z, 0-9, `_`, `-`; saved again it is replaced, a rejected one too. Older versions than the newest
   * five are removed, the current and the approved one excepted, the shadow, and the one that waits for approval.
   * Rejects with `store_unwritable`; then nothing has changed.
   */
  saveModel(version: string, header: Header, bytes: ArrayBufferView | ArrayBuffer): Promise<void> {
    return this.#saveIn(this.#models, version, header, bytes, async () => {
      await this.#rejected.remove((await this.#rejected.files()).filter(({ label }) => label === version));
      const kept = await this.#namedByPointer();
      const files = await this.#models.files();
      return files.slice(KEPT_MODELS).filter((file) => !kept.has(file.label));
    });
  }

  /** Keeps a model that must not be used by itself: as `saveModel`, but apart, and the last two of them. */
  saveRejected(version: string, header: Header, bytes: ArrayBufferView | ArrayBuffer): Promise<void> {
    return this.#saveIn(this.#rejected, version, header, bytes, async () => {
      const kept = await this.#namedByPointer();
      const files = await this.#rejected.files();
      return files.slice(KEPT_REJECTED).filter((file) => !kept.has(file.label));
    });
  }

  /** All models that are whole, those that did not pass too; the newest first, of each kind. */
  listModels(): Promise<ModelFile[]> {
    return this.#inTurn('load_model', async () => {
      const models: ModelFile[] = [];
      for (const folder of [this.#models, this.#rejected]) {
        for (const file of await folder.files()) {
          const header = await folder.read(file, (content) => Promise.resolve(content));
          if (header) models.push({ version: file.label, header, isRejected: folder === this.#rejected });
        }
      }
      return models;
    });
  }

  /** Removes a model. Rejects with `store_unwritable`, or if CURRENT names it. */
  deleteModel(version: string): Promise<void> {
    return this.#inTurn('delete_model', async () => {
      if ((await this.#namedByPointer()).has(version)) throw new RangeError(`The model ${version} is in use.`);
      for (const folder of [this.#models, this.#rejected]) {
        await folder.remove((await folder.files()).filter(({ label }) => label === version));
      }
    });
  }

  /**
   * Makes a saved model the one that `loadCurrentModel` loads, together with `approval` and `standing`. Rejects with
   * `store_unwritable`, or if there is none.
   */
  activate(version: string, approval?: ApprovalRecord, standing?: ModelStanding): Promise<void> {
    return this.#inTurn('activate', async () => {
      const isWhole = await this.#readModel(version, () => Promise.resolve(true));
      if (isWhole !== true) throw new RangeError(`There is no model ${version} to activate; save it first.`);
      const header = { version, ...(approval && { approval }), ...(standing && { standing }) };
      await replaceFile(this.#pointer, 0o600, (pointer) => writeEnvelope(pointer, 'pointer', header, []));
      this.#inUse = version;
    });
  }

  /** The current model, else the newest one that is whole, else undefined. Damaged and newer ones are set aside. */
  loadCurrentModel(): Promise<StoredModel | undefined> {
    return this.#inTurn('load_model', async () => {
      const pointer = await this.#readPointer();
      const files = await this.#models.files();
      const isCurrent = (file: NumberedFile): boolean => file.label === pointer?.version;
      for (const file of [...files.filter(isCurrent), ...files.filter((other) => !isCurrent(other))]) {
        const model = await this.#models.read(file, async (header, payload) => {
          const { approval, standing = standingOf(undefined) } = pointer ?? {};
          return { version: file.label, header, bytes: await payload.bytes(), approval, standing };
        });
        if (model !== undefined) {
          this.#inUse = model.version;
          return model;
        }
      }
      return undefined;
    });
  }

  /** The bytes of a saved model, rejected or not; undefined when there is none of that version, or it is damaged. */
  loadModel(version: string): Promise<ArrayBuffer | undefined> {
    return this.#inTurn('load_model', async () => {
      const bytes = await this.#readModel(version, (_, payload) => payload.bytes());
      return bytes ?? this.#readModel(version, (_, payload) => payload.bytes(), this.#rejected);
    });
  }

  /**
   * Keeps a snapshot of the state; the last three are kept. Rejects with `store_unwritable`, or with the error of
   * `chunks`; then the snapshots before are as they were.
   */
  saveState(header: Header, chunks: Chunks): Promise<void> {
    return this.#inTurn('save_state', async () => {
      await this.#snapshots.write('', header, chunks);
      await this.#snapshots.remove((await this.#snapshots.files()).slice(KEPT_SNAPSHOTS));
    });
  }

  /**
   * Keeps a snapshot of the state from which a user was erased, and no other: the older snapshots and everything in
   * quarantine are deleted. Rejects as `saveState` does; what could not be deleted is still there then.
   */
  eraseState(header: Header, chunks: Chunks): Promise<void> {
    return this.#inTurn('erase', async () => {
      await this.#snapshots.write('', header, chunks);
      await this.#snapshots.remove((await this.#snapshots.files()).slice(1));
      await this.#quarantine.erase();
    });
  }

  /**
   * Hands the newest whole snapshot to `restore` and returns its result, or undefined when there is none. Damaged and
   * newer ones are set aside. `restore` must begin from nothing each time: it is called again with an older snapshot
   * if the disk fails it halfway. Its own errors reject.
   */
  loadState<T>(restore: (header: Header, payload: EnvelopeReader) => Promise<T>): Promise<T | undefined> {
    return this.#inTurn('load_state', async () => {
      for (const file of await this.#snapshots.files()) {
        const restored = await this.#snapshots.read(file, async (header, payload) => [await restore(header, payload)]);
        if (restored !== undefined) return restored[0];
      }
      return undefined;
    });
  }

  /** Random bytes made once and kept: see `secrets.ts`. */
  loadOrCreateSecret(name: string, bytes = 32): Promise<Buffer> {
    return this.#inTurn('secret', () => loadOrCreateSecret(this.#in('secrets'), name, bytes));
  }

  get #pointer(): string {
    return this.#in('models/CURRENT');
  }

  #saveIn(
    folder: EnvelopeFolder,
    version: string,
    header: Header,
    bytes: ArrayBufferView | ArrayBuffer,
    superfluous: () => Promise<NumberedFile[]>,
  ): Promise<void> {
    if (!VERSION.test(version)) {
      return Promise.reject(new RangeError(`The model version is ${JSON.stringify(version)}; use ${VERSION.source}.`));
    }
    const view = ArrayBuffer.isView(bytes) ? bytes : new Uint8Array(bytes);
    return this.#inTurn('save_model', async () => {
      await folder.write(version, header, [view]);
      // A version saved again keeps its old place in the order, and may be the oldest of them.
      await folder.remove((await superfluous()).filter((file) => file.label !== version));
    });
  }

  async #readModel<T>(
    version: string,
    use: (header: Header, payload: EnvelopeReader) => Promise<T>,
    folder: EnvelopeFolder = this.#models,
  ): Promise<T | undefined> {
    const file = (await folder.files()).find((candidate) => candidate.label === version);
    return file && (await folder.read(file, use));
  }

  /** Versions that must not be removed. */
  async #namedByPointer(): Promise<ReadonlySet<string | undefined>> {
    const { version, approval, standing } = (await this.#readPointer()) ?? {};
    return new Set([version, approval?.approved, approval?.nominee?.version, standing?.shadow, this.#inUse]);
  }

  /** What CURRENT says; undefined when it names nothing or cannot be used. */
  async #readPointer(): Promise<Pointer | undefined> {
    let file;
    try {
      file = await open(this.#pointer, 'r');
      const { header } = await EnvelopeReader.open(file, this.#pointer, 'pointer');
      return {
        version: String(header['version']),
        approval: approvalRecordOf(header['approval']),
        standing: standingOf(header['standing']),
      };
    } catch (error) {
      if (isMissing(error)) return undefined;
      this.#events.error('load_model', String(error));
      if (error instanceof ServiceError) await this.#quarantine.setAside(this.#pointer, error);
      return undefined;
    } finally {
      await file?.close();
    }
  }

  /** One thing at a time: a snapshot at stop follows the periodic one instead of racing with it. */
  #inTurn<T>(operation: StoreOperation, work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(async () => {
      try {
        if (this.#lock === undefined) throw this.#unwritable('it is not open');
        this.#lock.assertHeld();
        return await work();
      } catch (error) {
        const explained = this.#explained(error);
        this.#events.error(operation, String(explained));
        throw explained;
      }
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }

  #explained(error: unknown): unknown {
    return isSystemError(error) ? this.#unwritable(error.message, error) : error;
  }

  #unwritable(reason: string, cause?: unknown): ServiceError {
    return new ServiceError('store_unwritable', { directory: this.#directory, reason }, { cause });
  }

  #release(): void {
    this.#lock?.release();
    this.#lock = undefined;
  }

  #folder(name: string, kind: string, operation: StoreOperation): EnvelopeFolder {
    const onUnusable = (reason: string): void => this.#events.error(operation, reason);
    return new EnvelopeFolder(this.#in(name), kind, this.#quarantine, onUnusable);
  }

  #in(name: string): string {
    return path.join(this.#directory, name);
  }
}
