/** Why something is unusual, as it is told: one feature, in the unit people know. */

/** Where a value lies among values of the same feature, all in the feature's unit. */
export interface FeatureRange {
  readonly p5: number;
  readonly p50: number;
  readonly p95: number;
  /** Of the observed value, 0..100. */
  readonly percentile: number;
}

export interface FeatureExplanation {
  readonly name: string;
  readonly unit: string;
  readonly direction: 'above' | 'below';
  readonly observed: number;
  readonly expected: number;
  /** What it contributes to the evidence, nats. */
  readonly nats: number;
  /** The same as a share of the evidence, 0..1; what is missing to 1 was carried over from earlier windows. */
  readonly share: number;
  /** Of the entity's own history; undefined where there is too little. */
  readonly own?: FeatureRange;
  /** Of entities of its kind; undefined where the model keeps nothing of them. */
  readonly peers?: FeatureRange;
}
