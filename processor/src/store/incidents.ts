/** Incidents: consecutive anomalies of one entity, with what a person needs to judge them. */
import type { Entity, Severity } from './entity.ts';

/** Requests kept of one incident at most. */
export const MOST_REQUESTS = 100;

export interface IncidentRequest {
  readonly timeMs: number;
  readonly service: string;
  /** Template, never a path. */
  readonly endpoint: string;
  /** Hex. */
  readonly traceId: string;
  readonly spanId: string;
  /** HTTP status or gRPC code; undefined where unknown. */
  readonly statusCode?: number;
  readonly durationMs: number;
  /** 0..1. */
  readonly score: number;
  /** Pseudonym of the caller, by which the request is found when the user is erased; undefined where unknown. */
  readonly user?: string;
}

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
  /** Of the entity's own history; undefined where there is too little. */
  readonly own?: FeatureRange;
  /** Of entities of its kind. */
  readonly peers?: FeatureRange;
  /** Evidence of the feature, nats. */
  readonly nats: number;
}

export interface Incident extends Entity {
  readonly id: string;
  readonly startMs: number;
  /** Latest anomaly. */
  readonly lastMs: number;
  /** Undefined while it is open. */
  readonly closedMs: number | undefined;
  /** Dominant behaviour. */
  readonly behavior: string;
  /** Anomalies per behaviour. */
  readonly behaviors: Readonly<Record<string, number>>;
  readonly severity: Severity;
  /** Highest so far, 0..1. */
  readonly score: number;
  /** Highest so far, nats. */
  readonly evidence: number;
  /** Sentence of the most unusual anomaly. */
  readonly reason: string;
  readonly anomalies: number;
  /** Of the most unusual anomaly. */
  readonly service: string;
  readonly endpoint: string;
  readonly modelVersion: string;
  /** Highest score per 5-minute window, oldest first, at most 48; for a sparkline. */
  readonly series: readonly number[];
}

/** What is read of one incident alone, and not in lists. */
export interface IncidentDetail {
  /** In order of time, at most `MOST_REQUESTS`: the first and the most unusual. */
  readonly requests: readonly IncidentRequest[];
  /** Of the most unusual anomaly, strongest first. */
  readonly features: readonly FeatureExplanation[];
}

export type FullIncident = Incident & IncidentDetail;
