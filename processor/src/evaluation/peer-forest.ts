/** The approach of the collector's isolationforest processor, for comparison. */
import type { ApiCall } from '../call/api-call.ts';
import type { EndpointDescription } from '../call/endpoint-table.ts';
import { IsolationForest } from '../forest/isolation-forest.ts';
import { Random } from '../forest/random.ts';
import type { SpanScorer } from './entity-windows.ts';

/** Duration, error, status, service, operation: all that the processor can be told to look at. */
const COLUMNS = 5;
/** The processor's defaults: forest_size and subsample_size. */
const TREES = 100;
const SAMPLE_SIZE = 256;
/** Spans kept to train on, a uniform sample of those seen: 50 times the processor's window. */
const RESERVOIR = 50_000;

/** Stream of the reservoir; those of the trees are their numbers. */
const RESERVOIR_STREAM = 0xffff_ffff;

/**
 * An isolation forest over single spans, as the collector's processor has it by design, and in its favour: trees that
 * split and are grown on subsamples, columns in a fixed order, a missing value that is missing, a training part to learn
 * from, a model that is frozen afterwards, both conventions' status attribute. What remains is what it looks at: one span
 * without its user's history, names as hashes on a number line.
 */
export class PeerForest implements SpanScorer {
  readonly #endpoints: { describe(id: number): EndpointDescription };
  readonly #seed: number;
  readonly #random: Random;
  readonly #rows = new Float64Array(RESERVOIR * COLUMNS);
  readonly #row = new Float64Array(COLUMNS);
  /** Hashes of service and operation by endpoint id, as the endpoint was called when first seen. */
  readonly #hashes: [service: number, operation: number][] = [];
  #seen = 0;
  #forest: IsolationForest | undefined;

  /** `endpoints`: what the endpoint ids of the calls stand for. `seed`: an unsigned 32-bit integer. */
  constructor(endpoints: { describe(id: number): EndpointDescription }, seed: number) {
    this.#endpoints = endpoints;
    this.#seed = seed;
    this.#random = new Random(seed, RESERVOIR_STREAM);
  }

  /** Takes a span of the training part into the sample; without effect once `score` was called. */
  learn(call: ApiCall): void {
    if (this.#forest !== undefined) return;
    this.#seen++;
    // Vitter 1985, algorithm R.
    const place = this.#seen <= RESERVOIR ? this.#seen - 1 : this.#random.below(this.#seen);
    if (place < RESERVOIR) this.#read(call, this.#rows, place * COLUMNS);
  }

  /** Isolation score of a span in (0, 1]; 0 when there was nothing to learn from. The first call trains the forest. */
  score(call: ApiCall): number {
    if (this.#seen === 0) return 0;
    this.#forest ??= IsolationForest.train(this.#rows, COLUMNS, {
      trees: TREES,
      sampleSize: SAMPLE_SIZE,
      seed: this.#seed,
      rowCount: Math.min(this.#seen, RESERVOIR),
    });
    this.#read(call, this.#row, 0);
    return this.#forest.score(this.#row);
  }

  #read(call: ApiCall, row: Float64Array, offset: number): void {
    const [service, operation] = (this.#hashes[call.endpoint] ??= this.#hash(call.endpoint));
    row[offset] = call.durationSeconds * 1000;
    row[offset + 1] = call.isServerError ? 1 : 0;
    row[offset + 2] = call.statusCode === 0 ? Number.NaN : call.statusCode;
    row[offset + 3] = service;
    row[offset + 4] = operation;
  }

  #hash(id: number): [service: number, operation: number] {
    const { service, endpoint } = this.#endpoints.describe(id);
    return [nameFraction(service), nameFraction(endpoint)];
  }
}

/** 64-bit FNV-1a of a name's UTF-8 bytes, as a share of 2^64: how the processor makes a number of a name. */
export function nameFraction(name: string): number {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(name)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return Number(hash) / 2 ** 64;
}
