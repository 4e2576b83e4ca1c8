/** Reads what is pushed, by the parts of opentelemetry/proto/metrics/v1/metrics.proto that the tests look into. */
import protobufjs from 'protobufjs';

const { root } = protobufjs.parse(`
  syntax = "proto3";
  message Request { repeated ResourceMetrics resource_metrics = 1; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeMetrics { repeated Metric metrics = 2; }
  message Metric {
    string name = 1; string unit = 3;
    oneof data { Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9; }
  }
  message Gauge { repeated NumberPoint data_points = 1; }
  message Sum { repeated NumberPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
  message Histogram { repeated HistogramPoint data_points = 1; int32 aggregation_temporality = 2; }
  message NumberPoint { oneof value { double as_double = 4; sfixed64 as_int = 6; } repeated KeyValue attributes = 7; }
  message HistogramPoint { fixed64 count = 4; double sum = 5; repeated KeyValue attributes = 9; }
  message KeyValue { string key = 1; Value value = 2; }
  message Value { string string_value = 1; }
`);
const request = root.lookupType('Request');

/** AGGREGATION_TEMPORALITY_CUMULATIVE. */
export const CUMULATIVE = 2;

interface Point {
  readonly asDouble?: number;
  readonly count?: number;
  readonly sum?: number;
  readonly attributes?: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[];
}

export interface PushedMetric {
  readonly name: string;
  readonly unit?: string;
  readonly gauge?: { readonly dataPoints: readonly Point[] };
  readonly sum?: {
    readonly dataPoints: readonly Point[];
    readonly aggregationTemporality: number;
    readonly isMonotonic: boolean;
  };
  readonly histogram?: { readonly dataPoints: readonly Point[]; readonly aggregationTemporality: number };
}

/** The metrics of a request by name. */
export function pushedMetrics(body: Uint8Array): Map<string, PushedMetric> {
  const { resourceMetrics } = request.toObject(request.decode(body), { longs: Number }) as {
    resourceMetrics: { scopeMetrics: { metrics: PushedMetric[] }[] }[];
  };
  const all = resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
  return new Map(all.map((metric) => [metric.name, metric]));
}
