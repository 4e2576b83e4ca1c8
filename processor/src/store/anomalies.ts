/** Anomalies: spans whose verdict was true. */
import type { Entity, Severity } from './entity.ts';

export interface NewAnomaly extends Entity {
  /** Start of the span. */
  readonly timeMs: number;
  /** Pseudonyms of who called, whichever entity was judged; undefined where unknown. */
  readonly user: string | undefined;
  readonly address: string | undefined;
  readonly service: string;
  /** Template, never a path. */
  readonly endpoint: string;
  readonly behavior: string;
  readonly severity: Severity;
  /** 0..1. */
  readonly score: number;
  /** Nats. */
  readonly evidence: number;
  readonly reason: string;
  /** Top contributing features, strongest first. */
  readonly features: readonly string[];
  /** Hex; empty where the span had none. */
  readonly traceId: string;
  readonly spanId: string;
  /** HTTP status or gRPC code; undefined where unknown. */
  readonly statusCode: number | undefined;
  readonly durationMs: number;
  readonly incidentId: string | undefined;
  readonly modelVersion: string;
}

export interface Anomaly extends NewAnomaly {
  /** Given by the store, ascending in the order of writing: decimal digits. */
  readonly id: string;
}
