/** Writes what was found about a call onto its span. */
import { AttributeWriter, type SpanAnnotations } from '../otlp/annotate.ts';
import type { Judgement } from './judgement.ts';
import type { Scorer } from './scorer.ts';

/** Why a span that was to be scored was not. */
export type UnscoredState = 'learning' | 'shed' | 'error';

export class SpanWriter {
  readonly #writer: AttributeWriter;
  readonly #isFull: boolean;
  readonly #scorer: Scorer;

  /** @param detail `full` explains every scored span, `compact` only anomalies */
  constructor(prefix: string, detail: 'compact' | 'full', scorer: Scorer) {
    this.#writer = new AttributeWriter(prefix);
    this.#isFull = detail === 'full';
    this.#scorer = scorer;
  }

  unscored(annotations: SpanAnnotations, span: number, state: UnscoredState): void {
    annotations.select(span);
    this.#writer.string(annotations, 'state', state);
  }

  /** `incident`: id of the incident the span belongs to; undefined when it is no anomaly. */
  scored(
    annotations: SpanAnnotations,
    span: number,
    judgement: Judgement,
    modelVersion: string,
    incident: string | undefined,
  ): void {
    const writer = this.#writer;
    annotations.select(span);
    writer.double(annotations, 'score', judgement.score);
    writer.bool(annotations, 'is_anomaly', judgement.isAnomaly);
    writer.string(annotations, 'model.version', modelVersion);
    if (!judgement.isAnomaly && !this.#isFull) return;
    writer.int(annotations, 'score_percent', Math.round(100 * judgement.score));
    writer.double(annotations, 'evidence', judgement.evidence);
    writer.double(annotations, 'isolation_score', judgement.isolationScore);
    writer.double(annotations, 'user.score', judgement.userScore);
    writer.double(annotations, 'address.score', judgement.addressScore);
    writer.double(annotations, 'endpoint.score', judgement.endpointScore);
    writer.string(annotations, 'behavior', this.#scorer.behavior(judgement));
    writer.string(annotations, 'reason', this.#scorer.reason(judgement));
    writer.strings(annotations, 'features', this.#scorer.topFeatures(judgement));
    if (incident !== undefined) writer.string(annotations, 'incident.id', incident);
  }
}
