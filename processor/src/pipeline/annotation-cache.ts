/** Annotations of requests seen lately, by a hash of their bytes: the same bytes get the same attributes and count once. */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { SpanAnnotations } from '../otlp/annotate.ts';

/** What was appended to the spans of one request. */
interface SavedAnnotations {
  readonly bytes: Buffer;
  /** Per scorable span: where its bytes begin, and how many they are. */
  readonly starts: Uint32Array;
  readonly lengths: Uint32Array;
}

/** Bookkeeping of one entry beside its bytes. */
const ENTRY_BYTES = 300;

export class AnnotationCache {
  readonly #saved: LRUCache<string, SavedAnnotations>;

  /** @param maxBytes most bytes kept; 0 keeps nothing */
  constructor(maxBytes: number) {
    this.#saved = new LRUCache({
      // The cache wants a positive size; no entry is as small as this one.
      maxSize: Math.max(1, maxBytes),
      sizeCalculation: ({ bytes, starts }) => bytes.byteLength + 2 * starts.byteLength + ENTRY_BYTES,
    });
  }

  /** Fingerprint of a body. SHA-256, since whoever could make two bodies collide could hide one behind the other. */
  static key(body: Buffer): string {
    return hash('sha256', body, 'base64');
  }

  /** Fills `annotations` with what an earlier request with the same bytes got; false if there was none. */
  load(key: string, annotations: SpanAnnotations): boolean {
    const saved = this.#saved.get(key);
    if (saved === undefined) return false;
    annotations.reset();
    for (const [span, start] of saved.starts.entries()) {
      annotations.select(span);
      annotations.writer.raw(saved.bytes.subarray(start, start + saved.lengths[span]!));
    }
    return true;
  }

  save(key: string, annotations: SpanAnnotations, spans: number): void {
    this.#saved.set(key, {
      bytes: Buffer.from(annotations.writer.bytes.subarray(0, annotations.totalByteLength)),
      starts: Uint32Array.from({ length: spans }, (_, span) => annotations.byteOffset(span)),
      lengths: Uint32Array.from({ length: spans }, (_, span) => annotations.byteLength(span)),
    });
  }
}
