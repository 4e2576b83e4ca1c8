import type { MetricDefinition } from './metrics.ts';

/** Stands for every label set beyond the bounds. */
export const OTHER = '{other}';

/** Longest label value, in UTF-16 units. */
const MAX_LABEL_LENGTH = 256;

/** C0 and C1 controls: legal in a label, but trouble for terminals and for some readers of the text format. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

type Labels = Readonly<Record<string, string>>;

/** A label value that every reader of the text format takes: valid Unicode, no control characters, of bounded length. */
export function labelValue(text: string): string {
  return text.slice(0, MAX_LABEL_LENGTH).toWellFormed().replaceAll(CONTROL, '\ufffd');
}

/** One value per label set of a metric, as many as the metric may have. */
export class LabelSets<Value> {
  readonly #definition: MetricDefinition;
  readonly #create: () => Value;
  readonly #values = new Map<string, readonly [Labels, Value]>();

  /** `create` makes the value of a new label set. A metric without labels has its only one from the start. */
  constructor(definition: MetricDefinition, create: () => Value) {
    this.#definition = definition;
    this.#create = create;
    if (definition.labels.length === 0) this.get({});
  }

  /** The value of a label set, made on first use; that of `{other}` when there is no room for a new one. */
  get(labels: Labels): Value {
    const known = this.#values.get(this.#key(labels));
    if (known !== undefined) return known[1];

    const { labels: names, maxLabelSets } = this.#definition;
    const isFull = names.length > 0 && this.#values.size >= maxLabelSets - 1;
    const kept = Object.fromEntries(names.map((name) => [name, isFull ? OTHER : labelValue(labels[name] ?? '')]));
    const key = this.#key(kept);
    const same = this.#values.get(key);
    if (same !== undefined) return same[1];
    const value = this.#create();
    this.#values.set(key, [kept, value]);
    return value;
  }

  entries(): Iterable<readonly [Labels, Value]> {
    return this.#values.values();
  }

  /** Ends the series whose labels match. */
  remove(matches: (labels: Labels) => boolean): void {
    for (const [key, [labels]] of this.#values) if (matches(labels)) this.#values.delete(key);
  }

  #key(labels: Labels): string {
    return this.#definition.labels.map((name) => labels[name]).join('\u0000');
  }
}
