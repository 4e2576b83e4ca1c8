/**
 * Keeps what was found: anomalies, incidents and the most unusual windows go to the database, off the span path. Incidents
 * are written when they open and close and, while they change, every few seconds, and go on from there after a restart.
 */
import type { EntityNames } from './call/entity-names.ts';
import { displayName } from './call/pseudonym.ts';
import { severityOf } from './detection/behaviors.ts';
import type { Incident, IncidentBook } from './detection/incident.ts';
import type { FindingsListener } from './engine.ts';
import { incidentRecord, requestRecord, savedIncident } from './incident-record.ts';
import type { FoundAnomaly } from './pipeline/request-judge.ts';
import type { ClosedWindow } from './pipeline/window-peaks.ts';
import type { NewAnomaly } from './store/anomalies.ts';
import type { FullIncident, Incidents } from './store/incidents.ts';
import type { KeptWindow } from './store/kept-windows.ts';
import { windowRecord } from './window-record.ts';

/** Where findings are kept: the repositories of the database, none of which waits or throws. */
export interface FindingsStore {
  readonly anomalies: { add(anomaly: NewAnomaly): void };
  readonly incidents: { save(incident: FullIncident): void; listWhole: Incidents['listWhole'] };
  readonly windows: { add(window: KeptWindow): void };
}

export interface FindingsParts {
  readonly store: FindingsStore;
  readonly names: EntityNames;
  /** An anomaly beyond what is kept between two writes. */
  readonly onDrop: () => void;
  readonly onFault: (error: unknown) => void;
}

/** Between two writes of incidents that changed. */
const WRITE_MS = 5000;

/** Anomalies kept between two writes of incidents; of an attack by thousands of calls these tell enough. */
const MOST_ANOMALIES = 5000;
/** Incidents written in one turn, or read at a time: each is some kilobytes of JSON. */
const INCIDENTS_PER_TURN = 20;

export class Findings implements FindingsListener {
  readonly #parts: FindingsParts;
  /** Incidents that changed since they were written. */
  readonly #changed = new Set<Incident>();
  #anomalies = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: FindingsParts) {
    this.#parts = parts;
  }

  anomaly(anomaly: FoundAnomaly): void {
    if (++this.#anomalies > MOST_ANOMALIES) this.#parts.onDrop();
    else this.#parts.store.anomalies.add(anomalyRecord(anomaly, this.#parts.names));
  }

  window(window: ClosedWindow): void {
    this.#parts.store.windows.add(windowRecord(window, this.#parts.names));
  }

  /** An incident opened or has another anomaly. */
  changed(incident: Incident): void {
    this.#changed.add(incident);
  }

  /** The incident is erased: what of it is not written yet never will be. */
  forget(incident: Incident): void {
    this.#changed.delete(incident);
  }

  closed(incident: Incident): void {
    this.#changed.delete(incident);
    this.#save(incident, incident.lastSeconds * 1000);
  }

  /**
   * Hands the incidents that were open when an earlier run ended to `book`, and begins to write. After the endpoints are
   * known again. Never rejects.
   */
  async start(book: Pick<IncidentBook, 'resume'>): Promise<void> {
    try {
      await this.#resume(book);
    } catch (error) {
      this.#parts.onFault(error);
    }
    this.#timer = setInterval(() => this.#write(), WRITE_MS).unref();
  }

  /** Hands over what is not written yet. Safe twice and without a start. */
  stop(): void {
    clearInterval(this.#timer);
    for (const incident of this.#changed) this.#save(incident, undefined);
    this.#changed.clear();
  }

  /** What cannot go on is closed with its last anomaly. */
  async #resume(book: Pick<IncidentBook, 'resume'>): Promise<void> {
    const { store, names } = this.#parts;
    const endpoints = names.endpointIds();
    let cursor: string | undefined;
    do {
      const page = await store.incidents.listWhole({ isOpen: true }, { cursor, limit: INCIDENTS_PER_TURN });
      for (const { verdict: _, ...record } of page.items) {
        const saved = savedIncident(record, endpoints);
        if (saved === undefined || !book.resume(saved)) store.incidents.save({ ...record, closedMs: record.lastMs });
      }
      cursor = page.next;
    } while (cursor !== undefined);
  }

  /** Some incidents a turn of the event loop, until none is left. */
  #write(): void {
    this.#anomalies = 0;
    let written = 0;
    for (const incident of this.#changed) {
      if (written++ === INCIDENTS_PER_TURN) {
        setImmediate(() => this.#write());
        return;
      }
      this.#changed.delete(incident);
      this.#save(incident, undefined);
    }
  }

  #save(incident: Incident, closedMs: number | undefined): void {
    this.#parts.store.incidents.save(incidentRecord(incident, closedMs, this.#parts.names));
  }
}

function anomalyRecord(anomaly: FoundAnomaly, names: EntityNames): NewAnomaly {
  const { kind, entityHigh, entityLow, request, addressHigh, addressLow, ...found } = anomaly;
  const { user, ...kept } = requestRecord(request, names);
  const { behavior, reason, features, incidentId, modelVersion } = found;
  return {
    ...kept,
    kind,
    entity: names.entity(kind, entityHigh, entityLow),
    user,
    address: addressHigh === 0 && addressLow === 0 ? undefined : displayName('a', addressHigh, addressLow),
    behavior,
    severity: severityOf(request.score),
    evidence: request.evidence,
    reason,
    features,
    statusCode: kept.statusCode,
    incidentId,
    modelVersion,
  };
}
