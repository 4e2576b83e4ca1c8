/** What `/status` tells: read from the parts of the service when it is asked, and of late from samples. */
import type { ReloadStatus } from './config/live-config.ts';
import type { Config } from './config/schema.ts';
import { instant } from './control/instant.ts';
import { finite } from './control/measure.ts';
import type { Status, StatusView } from './control/routes/status.ts';
import type { Engine } from './engine.ts';
import { ENTITY_KINDS } from './features/entity-states.ts';
import type { Jobs } from './jobs/jobs.ts';
import type { InFlightBytes } from './pipeline/in-flight-bytes.ts';
import type { DataQuality } from './pipeline/pipeline.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

export interface StatusParts {
  readonly config: Config;
  readonly version: string;
  readonly engine: Engine;
  readonly jobs: Jobs;
  readonly quality: DataQuality;
  readonly bytes: InFlightBytes;
  readonly telemetry: Telemetry;
  /** Endpoints and services with a name. */
  readonly named: { readonly serviceCount: number };
  readonly isReady: () => boolean;
  /** Unix milliseconds. */
  readonly clock: () => number;
  readonly configStatus: () => ReloadStatus;
}

interface Sample {
  readonly timeMs: number;
  readonly spans: number;
  readonly progress: number;
}

/** Over which throughput and pace of learning are measured: a minute, in samples. */
const KEPT_SAMPLES = 7;

export class ServiceStatus implements StatusView {
  readonly #parts: StatusParts;
  readonly #startedMs: number;
  readonly #samples: Sample[] = [];

  constructor(parts: StatusParts) {
    this.#parts = parts;
    this.#startedMs = parts.clock();
    this.sample();
  }

  /** Takes down how far things are; to be called every ten seconds. */
  sample(): void {
    this.#samples.push(this.#now());
    if (this.#samples.length > KEPT_SAMPLES) this.#samples.shift();
  }

  status(): Status {
    const { version, engine, quality, bytes, telemetry, isReady, clock } = this.#parts;
    const { lifecycle, drift, incidents } = engine;
    const { active } = lifecycle;
    return {
      version,
      started: instant(this.#startedMs),
      uptime_seconds: Math.max(0, (clock() - this.#startedMs) / 1000),
      ready: isReady(),
      model:
        active === undefined
          ? null
          : {
              version: active.provenance.version,
              trained: instant(active.provenance.trainedAtSeconds * 1000),
              rows: ENTITY_KINDS.reduce((sum, kind) => sum + active.provenance.rows[kind], 0),
            },
      learning: {
        progress: lifecycle.progress,
        eta_seconds: finite(this.#etaSeconds()),
        training: this.#parts.jobs.running('training')?.id ?? null,
      },
      throughput: {
        spans: telemetry.total('api_anomaly_received_spans_total'),
        unscored: telemetry.total('api_anomaly_unscored_spans_total'),
        spans_per_second: this.#spansPerSecond(),
        bytes_in_flight: bytes.used,
      },
      coverage: { user: finite(quality.identified), route: finite(quality.routed) },
      sampled: finite(quality.sampled),
      drift: finite(drift.index),
      incidents_open: [...incidents.open].length,
      limits: this.#limits(),
      config: this.#config(),
    };
  }

  #now(): Sample {
    const { telemetry, engine, clock } = this.#parts;
    const spans = telemetry.total('api_anomaly_received_spans_total');
    return { timeMs: clock(), spans, progress: engine.lifecycle.progress };
  }

  #spansPerSecond(): number {
    const [first] = this.#samples;
    const now = this.#now();
    const seconds = (now.timeMs - first!.timeMs) / 1000;
    return seconds > 0 ? (now.spans - first!.spans) / seconds : 0;
  }

  /** At the pace of the last minute; undefined without a pace. */
  #etaSeconds(): number | undefined {
    const [first] = this.#samples;
    const now = this.#now();
    if (now.progress >= 1) return this.#parts.engine.lifecycle.active === undefined ? undefined : 0;
    const perMs = (now.progress - first!.progress) / (now.timeMs - first!.timeMs);
    return perMs > 0 ? (1 - now.progress) / perMs / 1000 : undefined;
  }

  #config(): Status['config'] {
    const { readAtSeconds, isInUse, mistakes, pending } = this.#parts.configStatus();
    return { loaded: instant(readAtSeconds * 1000), success: isInUse, mistakes: [...mistakes], pending: [...pending] };
  }

  #limits(): Status['limits'] {
    const { config, engine, bytes, telemetry, named } = this.#parts;
    const { user, address, endpoint } = engine.states;
    const refused = (reason: string): number => telemetry.total('api_anomaly_refused_spans_total', { reason });
    const table = (option: string, { capacity, size, evicted }: typeof user.table): Status['limits'][number] => {
      return { option, limit: capacity, used: size, hits: evicted };
    };
    return [
      table('features.max_users', user.table),
      table('features.max_addresses', address.table),
      table('features.max_endpoints', endpoint.table),
      { option: 'endpoints.max_services', limit: config.endpoints.max_services, used: named.serviceCount, hits: 0 },
      {
        option: 'pipeline.max_in_flight_bytes',
        limit: config.pipeline.max_in_flight_bytes,
        used: bytes.used,
        hits: refused('overloaded'),
      },
      {
        option: 'receiver.max_request_bytes',
        limit: config.receiver.max_request_bytes,
        used: 0,
        hits: refused('request_too_large'),
      },
    ];
  }
}
