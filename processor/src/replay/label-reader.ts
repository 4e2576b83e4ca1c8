/** Reads the ground truth of recorded spans from the attribute that holds it, apart from everything that detects. */
import type { Config } from '../config/schema.ts';
import { viewFactory } from '../engine.ts';
import { type RequestView, ValueKind } from '../otlp/request-view.ts';

/** Values that say that nothing is there, in lower case. */
const NOTHING: ReadonlySet<string> = new Set(['', 'false', '0', 'none', 'normal', 'benign']);
/** Values that say no more than that something is there. */
const SOMETHING: ReadonlySet<string> = new Set(['true', '1']);
/** Spans scanned at a time; nobody waits for the rest. */
const SCAN = 1 << 20;

/** What all requests read so far carry. */
export interface LabelTally {
  /** Spans of a scored kind. */
  readonly spans: number;
  /** How many of them carry the attribute, whatever it says. */
  readonly carrying: number;
  /** How many of them say that something is there. */
  readonly labelled: number;
  /** The first value that was seen, as it is written; undefined when none was. */
  readonly example: string | undefined;
}

export class LabelReader {
  readonly #attribute: string;
  readonly #view: RequestView;
  readonly #tally = { spans: 0, carrying: 0, labelled: 0, example: undefined as string | undefined };
  readonly #labels: (string | undefined)[] = [];

  /** `config`: the one that the spans are judged with, so that they have the same numbers. `attribute`: not empty. */
  constructor(config: Config, attribute: string) {
    this.#attribute = attribute;
    this.#view = viewFactory(config, [attribute])();
  }

  get tally(): LabelTally {
    return this.#tally;
  }

  /** Reads the labels of a request. Throws WireError when it is malformed. */
  read(body: Buffer): void {
    const view = this.#view;
    view.begin(body);
    while (!view.scan(SCAN));
    this.#labels.length = view.scorableCount;
    for (let span = 0; span < view.scorableCount; span++) this.#labels[span] = this.#readSpan(span);
  }

  /** The label of scorable span `span` of the request read last; undefined where nothing is there. */
  labelOf(span: number): string | undefined {
    return this.#labels[span];
  }

  /** What is wrong with the labels of the requests read so far, and the remedy; undefined when they can be used. */
  get mistake(): string | undefined {
    const { spans, carrying, labelled, example } = this.#tally;
    const attribute = this.#attribute;
    if (carrying === 0) {
      return `No span carries ${attribute}, of ${spans} looked at; name the attribute that holds the ground truth.`;
    }
    if (labelled === 0) {
      return `Every span that carries ${attribute} says that nothing is there ("${example}"); give traces in which some say what is.`;
    }
    if (labelled === spans) {
      return `Every span carries ${attribute} ("${example}"), so there is nothing to tell apart; leave it out, or make it "normal", where nothing is there.`;
    }
    return undefined;
  }

  #readSpan(span: number): string | undefined {
    const tally = this.#tally;
    tally.spans++;
    this.#view.select(span);
    const value = valueOf(this.#view);
    if (value === undefined) return undefined;
    tally.carrying++;
    tally.example ??= value;
    const label = labelFrom(value);
    if (label === undefined) return undefined;
    if (tally.labelled++ === 0) tally.example = value;
    return label;
  }
}

/** The attribute's value in words; undefined where there is none, or one that is no label, such as a list. */
function valueOf(view: RequestView): string | undefined {
  const kind = view.valueKind(0);
  if (kind === ValueKind.STRING) return view.text(0).trim();
  if (kind === ValueKind.BOOL) return view.number(0) === 1 ? 'true' : 'false';
  const isNumber = kind === ValueKind.INT || kind === ValueKind.DOUBLE;
  return isNumber && Number.isFinite(view.number(0)) ? String(view.number(0)) : undefined;
}

/** What a value says is there: itself, `true` for one that says no more than that, undefined for nothing. */
function labelFrom(value: string): string | undefined {
  const lower = value.toLowerCase();
  if (NOTHING.has(lower)) return undefined;
  return SOMETHING.has(lower) ? 'true' : value;
}
