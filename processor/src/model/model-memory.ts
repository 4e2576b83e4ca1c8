/** Models kept in memory only, for replays: what a training asks the store for is there, and nothing else. */
import type { ApprovalRecord } from '../store/approval-record.ts';
import type { ModelFile, StoredModel } from '../store/files.ts';
import type { ModelStore } from './model-store.ts';

export class ModelMemory implements ModelStore {
  readonly #models = new Map<string, { readonly header: Record<string, unknown>; readonly bytes: ArrayBuffer }>();

  saveModel(version: string, header: Record<string, unknown>, bytes: ArrayBuffer): Promise<void> {
    this.#models.set(version, { header, bytes });
    return Promise.resolve();
  }

  saveRejected(): Promise<void> {
    return Promise.resolve();
  }

  activate(version: string, { approved, nominee }: ApprovalRecord): Promise<void> {
    const kept = new Set([version, approved, nominee?.version]);
    for (const saved of this.#models.keys()) if (!kept.has(saved)) this.#models.delete(saved);
    return Promise.resolve();
  }

  loadModel(version: string): Promise<ArrayBuffer | undefined> {
    return Promise.resolve(this.#models.get(version)?.bytes.slice());
  }

  loadCurrentModel(): Promise<StoredModel | undefined> {
    return Promise.resolve(undefined);
  }

  listModels(): Promise<ModelFile[]> {
    return Promise.resolve([...this.#models].map(([version, { header }]) => ({ version, header, isRejected: false })));
  }

  deleteModel(version: string): Promise<void> {
    this.#models.delete(version);
    return Promise.resolve();
  }
}
