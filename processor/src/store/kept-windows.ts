/** Kept windows: the highest one in a hundred of the entity-windows, for backtests. */
import type { Entity } from './entity.ts';

export interface KeptWindow extends Entity {
  /** Start of the window, a multiple of 5 min. */
  readonly startMs: number;
  /** Highest evidence in the window, -ln p with what was carried, nats. */
  readonly evidence: number;
  /** Share of normal entity-windows whose highest evidence is as high, 0..1. */
  readonly p: number;
  readonly behavior: string;
  /** Whether a named behaviour reached its minimum effect. */
  readonly isMaterial: boolean;
  readonly service: string;
  /** Endpoint of the call with the highest evidence: template, never a path. */
  readonly endpoint: string;
  /** Top contributing features, strongest first. */
  readonly features: readonly string[];
  readonly modelVersion: string;
}
