/** Counts of values at or below each bound, as Prometheus wants them. */
export class Histogram {
  readonly bounds: readonly number[];
  /** One count a bucket, not cumulative; the last one has no bound. */
  readonly counts: Float64Array;
  count = 0;
  sum = 0;

  /** `bounds`: rising upper bounds, without the infinite one. */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.bounds.length && value > this.bounds[bucket]!) bucket += 1;
    this.counts[bucket]! += 1;
    this.count += 1;
    this.sum += value;
  }
}
