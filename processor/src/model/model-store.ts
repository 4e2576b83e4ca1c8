/** What the life of models needs of a store: the data folder, or memory. */
import type { ApprovalRecord } from '../store/approval-record.ts';
import type { ModelFile, StoredModel } from '../store/files.ts';
import type { ModelStanding } from '../store/model-standing.ts';

/** Where models are kept: see FileStore. */
export interface ModelStore {
  saveModel(version: string, header: Record<string, unknown>, bytes: ArrayBuffer): Promise<void>;
  /** Keeps a model apart that did not pass. */
  saveRejected(version: string, header: Record<string, unknown>, bytes: ArrayBuffer): Promise<void>;
  /** Makes a saved version the one in use. What `approval` and `standing` name is kept as long as it is named. */
  activate(version: string, approval: ApprovalRecord, standing: ModelStanding): Promise<void>;
  /** A saved model, rejected or not; undefined when it is not there or damaged. The bytes are the caller's. */
  loadModel(version: string): Promise<ArrayBuffer | undefined>;
  loadCurrentModel(): Promise<StoredModel | undefined>;
  listModels(): Promise<readonly ModelFile[]>;
  deleteModel(version: string): Promise<void>;
}
