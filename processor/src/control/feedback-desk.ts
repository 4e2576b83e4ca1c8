/** Takes what people say of incidents, and what is to be excluded: kept on the disk first, then put into force. */
import { ServiceError } from '../errors.ts';
import type { ExclusionList } from '../detection/exclusion.ts';
import { previewExclusion, proposedExclusion } from '../model/false-positive.ts';
import type { NewAuditEntry } from '../store/audit.ts';
import type { Exclusion, Exclusions } from '../store/exclusions.ts';
import type { Feedback, FeedbackBook } from '../store/feedback.ts';
import type { Incidents, ListedIncident, ReadIncident } from '../store/incidents.ts';
import type { Page, PageRequest } from '../store/listing.ts';
import type { ExclusionOrder, ExclusionsView } from './routes/exclusions.ts';
import type { FeedbackOrder, FeedbackPreview, FeedbackView } from './routes/feedback.ts';

export interface FeedbackDeskParts {
  readonly incidents: Incidents;
  readonly feedback: FeedbackBook;
  readonly exclusions: Exclusions;
  /** Those in force. */
  readonly inForce: ExclusionList;
  /** Hears of what was confirmed, and of what no longer is: it is not learned from. */
  readonly onConfirmed: (incident: ListedIncident, isConfirmed: boolean) => void;
  /** Wall clock, unix milliseconds. */
  readonly nowMs: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

const DAY_MS = 86_400_000;
/** Days of incidents that a preview looks at. */
const PREVIEW_DAYS = 30;
/** Longest that anything may be excluded. */
const MOST_DAYS = 366;
const PREVIEW_PAGE = 200;

export class FeedbackDesk implements FeedbackView, ExclusionsView {
  readonly #parts: FeedbackDeskParts;

  constructor(parts: FeedbackDeskParts) {
    this.#parts = parts;
  }

  /** Puts into force what was kept before a restart, and what was confirmed out of the training sample. */
  async open(): Promise<void> {
    const { exclusions, inForce, feedback, incidents, onConfirmed } = this.#parts;
    for await (const exclusion of everyOf((page) => exclusions.list({ atMs: this.#parts.nowMs() }, page))) {
      inForce.add(exclusion);
    }
    for await (const { incidentId } of everyOf((page) => feedback.list({ verdict: 'confirmed', holds: true }, page))) {
      const incident = await incidents.get(incidentId);
      if (incident?.verdict === 'confirmed') onConfirmed(incident, true);
    }
  }

  async preview(incidentId: string, order: FeedbackOrder): Promise<FeedbackPreview> {
    return (await this.#considered(incidentId, order)).preview;
  }

  async give(incidentId: string, order: FeedbackOrder, audit: NewAuditEntry) {
    const { incident, preview } = await this.#considered(incidentId, order);
    const feedbackId = this.#newId('f');
    const { verdict, note, actor } = order;
    const { exclusion: scope } = preview;
    const exclusion: Exclusion | undefined = scope && {
      id: this.#newId('x'),
      ...scope,
      createdMs: this.#nowMs(),
      source: 'feedback',
      feedbackId,
      actor,
      note,
    };
    const feedback: Feedback = {
      id: feedbackId,
      incidentId,
      timeMs: this.#nowMs(),
      actor,
      verdict,
      entity: scope?.entity,
      endpoint: scope?.endpoint,
      behavior: scope?.behavior,
      note,
      exclusionId: exclusion?.id,
      withdrawnMs: undefined,
    };
    const target = { ...audit, detail: { ...audit.detail, feedback: feedbackId, exclusion: exclusion?.id } };
    if (exclusion !== undefined) this.#checkRoom();
    await this.#parts.feedback.add(feedback, target, exclusion);
    if (exclusion !== undefined) this.#parts.inForce.add(exclusion);
    if (verdict === 'confirmed' || incident.verdict === 'confirmed') {
      this.#parts.onConfirmed(incident, verdict === 'confirmed');
    }
    return { feedback, exclusion, preview };
  }

  list({ isExpired }: { readonly isExpired: boolean }, page: PageRequest<'time'>): Promise<Page<Exclusion>> {
    return this.#parts.exclusions.list(isExpired ? {} : { atMs: this.#nowMs() }, page);
  }

  async add({ expiresMs, note, actor, ...scope }: ExclusionOrder, audit: NewAuditEntry): Promise<Exclusion> {
    this.#checkEnd(expiresMs);
    this.#checkRoom();
    const exclusion: Exclusion = {
      id: this.#newId('x'),
      ...scope,
      createdMs: this.#nowMs(),
      expiresMs,
      source: 'operator',
      feedbackId: undefined,
      actor,
      note,
    };
    await this.#parts.exclusions.add(exclusion, { ...audit, target: exclusion.id });
    this.#parts.inForce.add(exclusion);
    return exclusion;
  }

  async remove(id: string, audit: NewAuditEntry): Promise<boolean> {
    const { exclusions, feedback, inForce } = this.#parts;
    const exclusion = await exclusions.get(id);
    if (exclusion === undefined) return false;
    const given = exclusion.feedbackId === undefined ? undefined : await feedback.get(exclusion.feedbackId);
    if (given === undefined || given.withdrawnMs !== undefined) await exclusions.remove(id, audit);
    else await feedback.withdraw(given, this.#nowMs(), audit);
    inForce.remove(id);
    return true;
  }

  /** The incident, and what feedback of it would change. */
  async #considered(incidentId: string, order: FeedbackOrder) {
    const incident = await this.#parts.incidents.get(incidentId);
    if (incident === undefined) {
      throw new ServiceError('no_such_record', { noun: 'incident', id: incidentId, list: 'GET /api/v1/incidents' });
    }
    const scope = order.verdict === 'confirmed' ? undefined : this.#scopeOf(incident, order);
    if (scope === undefined) {
      const sentence = 'What happened in the incident is not learned from.';
      return { incident, preview: { ...NOTHING_CHANGED, exclusion: undefined, sentence } };
    }
    const { removed, confirmedHidden, sentence } = await previewExclusion(scope, this.#recentIncidents());
    const preview: FeedbackPreview = {
      exclusion: scope,
      overDays: PREVIEW_DAYS,
      removedIncidents: removed,
      hiddenConfirmed: confirmedHidden,
      sentence,
    };
    return { incident, preview };
  }

  #scopeOf(incident: ReadIncident, { scope, expiresMs }: FeedbackOrder) {
    const proposed = proposedExclusion(incident, this.#nowMs());
    const { entity, endpoint, behavior } = scope ?? proposed;
    const end = expiresMs ?? Math.round(proposed.expiresMs);
    this.#checkEnd(end);
    return { entity, endpoint, behavior, expiresMs: end };
  }

  async *#recentIncidents(): AsyncGenerator<readonly ReadIncident[]> {
    const fromMs = this.#nowMs() - PREVIEW_DAYS * DAY_MS;
    let cursor: string | undefined;
    do {
      const page: Page<ReadIncident> = await this.#parts.incidents.listWhole(
        { fromMs },
        { cursor, limit: PREVIEW_PAGE },
      );
      yield page.items;
      cursor = page.next;
    } while (cursor !== undefined);
  }

  #checkEnd(expiresMs: number): void {
    const nowMs = this.#nowMs();
    if (expiresMs <= nowMs) throw new ServiceError('invalid_request', { reason: 'expires is in the past' });
    if (expiresMs > nowMs + MOST_DAYS * DAY_MS) {
      throw new ServiceError('invalid_request', { reason: `expires is more than ${MOST_DAYS} days ahead` });
    }
  }

  #checkRoom(): void {
    const { inForce, nowMs } = this.#parts;
    inForce.removeExpired(nowMs());
    if (!inForce.hasRoom) throw new ServiceError('too_many_exclusions', { limit: inForce.size });
  }

  /** Sorts by time. */
  #newId(prefix: string): string {
    const chance = Math.floor(this.#parts.random() * 36 ** 6);
    return `${prefix}-${this.#nowMs().toString(36)}-${chance.toString(36).padStart(6, '0')}`;
  }

  #nowMs(): number {
    return Math.round(this.#parts.nowMs());
  }
}

const NOTHING_CHANGED = { overDays: PREVIEW_DAYS, removedIncidents: 0, hiddenConfirmed: 0 };

/** All records of a list, a page at a time. */
async function* everyOf<Item>(list: (page: PageRequest<'time'>) => Promise<Page<Item>>): AsyncGenerator<Item> {
  let cursor: string | undefined;
  do {
    const page = await list({ cursor });
    yield* page.items;
    cursor = page.next;
  } while (cursor !== undefined);
}
