/** A table of the benchmark page. */
export interface BenchSection {
  readonly title: string;
  readonly columns: string[];
  /** One per measured thing; as many cells as columns. */
  readonly rows: (string | number)[][];
  /** How it was measured and how far it may be trusted. */
  readonly notes: string[];
}
