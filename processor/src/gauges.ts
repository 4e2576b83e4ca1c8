/** The gauges: what a scrape reads from the parts of the service, when it comes. */
import { displayName } from './call/pseudonym.ts';
import type { LiveConfig } from './config/live-config.ts';
import type { Engine } from './engine.ts';
import { ENTITY_KINDS } from './features/entity-states.ts';
import type { Pipeline } from './pipeline/pipeline.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

/** The parts whose state a scrape reads. */
export interface GaugedParts {
  telemetry: Telemetry;
  engine: Engine;
  pipeline: Pipeline;
  liveConfig: LiveConfig;
}

/** Registers what every gauge of METRICS reads. */
export function registerGauges({ telemetry, engine, pipeline, liveConfig }: GaugedParts): void {
  const { scorer, states, lifecycle, incidents, topUsers, watermark, drift } = engine;
  const { quality } = pipeline;
  telemetry.gauge('api_anomaly_threshold', () =>
    lifecycle.active === undefined
      ? []
      : ENTITY_KINDS.map((entity) => [scorer.thresholdScore(entity), { entity }] as const),
  );
  telemetry.gauge('api_anomaly_user_score', () =>
    [...topUsers.list(watermark.seconds)].map(
      ({ high, low, score }) => [score, { user: displayName('u', high, low) }] as const,
    ),
  );
  telemetry.gauge('api_anomaly_incidents_open', () => {
    const counts = new Map<string, { count: number; behavior: string; severity: string }>();
    for (const { behavior, severity } of incidents.open) {
      const entry = counts.get(`${behavior} ${severity}`) ?? { count: 0, behavior, severity };
      entry.count++;
      counts.set(`${behavior} ${severity}`, entry);
    }
    return [...counts.values()].map(({ count, behavior, severity }) => [count, { behavior, severity }] as const);
  });
  telemetry.gauge('api_anomaly_tracked_entities', () =>
    ENTITY_KINDS.map((entity) => [states[entity].table.size, { entity }] as const),
  );
  telemetry.gauge('api_anomaly_identified_spans_ratio', () => [[quality.identified, {}]]);
  telemetry.gauge('api_anomaly_routed_spans_ratio', () => [[quality.routed, {}]]);
  telemetry.gauge('api_anomaly_sampled_spans_ratio', () => [[quality.sampled, {}]]);
  telemetry.gauge('api_anomaly_learning_progress_ratio', () => [[lifecycle.progress, {}]]);
  telemetry.gauge('api_anomaly_model_drift', () => [[drift.index, {}]]);
  telemetry.gauge('api_anomaly_model_info', () =>
    lifecycle.active === undefined ? [] : [[1, { version: lifecycle.active.provenance.version }]],
  );
  telemetry.gauge('api_anomaly_model_trained_timestamp_seconds', () =>
    lifecycle.active === undefined ? [] : [[lifecycle.active.provenance.trainedAtSeconds, {}]],
  );
  telemetry.gauge('api_anomaly_config_reload_success', () => [[Number(liveConfig.status.isInUse), {}]]);
  telemetry.gauge('api_anomaly_config_reload_timestamp_seconds', () => [[liveConfig.status.readAtSeconds, {}]]);
}
