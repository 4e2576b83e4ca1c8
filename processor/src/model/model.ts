/** A trained model: one detector per entity kind, with where it comes from, as one versioned buffer. */
import { Tail } from '../detection/tail.ts';
import { type EntityKind, FEATURE_NAMES } from '../features/features.ts';
import { IsolationForest } from '../forest/isolation-forest.ts';
import {
  BAND_STARTS,
  type BandTails,
  definitionsOf,
  type DetectorParts,
  EntityDetector,
  themesOf,
} from './entity-detector.ts';
import { FeatureQuantiles } from './feature-quantiles.ts';

/**
 * Changes when the buffer's layout changes; an older one is still read, a newer one is refused. Since 2 the quantiles of
 * the features follow each kind's forests.
 */
const FORMAT = 2;
/** ASCII "APAM", then the format, then the length of the JSON part. */
const MAGIC = 0x4d415041;
const HEADER_BYTES = 12;

export interface Provenance {
  /** Name of the model, as it stands in anomaly.model.version. */
  version: string;
  /** Event time of the latest row trained on, unix seconds. */
  trainedAtSeconds: number;
  rows: Record<EntityKind, number>;
  entities: Record<EntityKind, number>;
  seed: number;
}

export class Model {
  readonly provenance: Provenance;
  readonly detectors: Readonly<Partial<Record<EntityKind, EntityDetector>>>;

  constructor(provenance: Provenance, detectors: Partial<Record<EntityKind, EntityDetector>>) {
    this.provenance = provenance;
    this.detectors = detectors;
  }

  /** Entity kinds that it judges. */
  get kinds(): EntityKind[] {
    return Object.values(this.detectors).map(({ parts }) => parts.kind);
  }

  /** The model as one buffer: header, JSON, tails, forests. */
  serialise(): ArrayBuffer {
    const blocks: Uint8Array[] = [];
    const kinds = Object.values(this.detectors).map(({ parts }): SavedKind => {
      for (const { parameters } of parts.bands.flatMap(tailsOf)) blocks.push(bytesOf(parameters));
      for (const { buffer } of parts.forests) blocks.push(new Uint8Array(buffer));
      if (parts.quantiles !== undefined) blocks.push(bytesOf(parts.quantiles.values));
      return {
        kind: parts.kind,
        features: FEATURE_NAMES[parts.kind],
        means: [...parts.means],
        variances: [...parts.variances],
        bandOf: parts.bandOf,
        bands: parts.bands.length,
        windowsPerDay: parts.windowsPerDay,
        forestBytes: parts.forests.map(({ buffer }) => buffer.byteLength),
        quantiles: parts.quantiles === undefined ? 0 : FeatureQuantiles.LEVELS,
      };
    });
    const json = Buffer.from(JSON.stringify({ provenance: this.provenance, kinds }));
    const header = new Uint32Array([MAGIC, FORMAT, json.byteLength]);
    const all = Buffer.concat([new Uint8Array(header.buffer), json, ...blocks]);
    return all.buffer.slice(all.byteOffset, all.byteOffset + all.byteLength);
  }

  /** Reads a serialised model. Throws an Error that says what is wrong with it. */
  static from(bytes: Uint8Array): Model {
    const reading = readModel(bytes);
    for (;;) {
      const step = reading.next();
      if (step.done === true) return step.value;
    }
  }

  /** Reads a serialised model forest by forest, with a turn of the event loop after each. Rejects as `from` throws. */
  static async load(bytes: Uint8Array, turn: () => Promise<unknown>): Promise<Model> {
    const reading = readModel(bytes);
    for (;;) {
      const step = reading.next();
      if (step.done === true) return step.value;
      await turn();
    }
  }
}

/** Reads a model; yields after every forest, ready to score. */
function* readModel(bytes: Uint8Array): Generator<void, Model> {
  if (bytes.byteLength < HEADER_BYTES) throw new Error(`not a model: it has ${bytes.byteLength} bytes`);
  const [magic, format, length] = new Uint32Array(bytes.slice(0, HEADER_BYTES).buffer);
  if (magic !== MAGIC) throw new Error('not a model: it does not start with APAM');
  if (format! > FORMAT) {
    throw new Error(`model format ${format} is newer than ${FORMAT}; use a newer version of the service`);
  }
  let offset = HEADER_BYTES + length!;
  const { provenance, kinds } = descriptionOf(bytes.subarray(HEADER_BYTES, offset));
  const take = (size: number): Uint8Array => {
    const block = bytes.subarray(offset, offset + size);
    if (block.byteLength !== size) throw new Error(`model ${provenance.version} ends before its data does`);
    offset += size;
    return block;
  };
  const detectors: Partial<Record<EntityKind, EntityDetector>> = {};
  for (const saved of kinds) {
    if (saved.features.join() !== FEATURE_NAMES[saved.kind].join()) {
      throw new Error(`model ${provenance.version} was trained on other ${saved.kind} features; train again`);
    }
    detectors[saved.kind] = new EntityDetector(yield* readParts(saved, take));
  }
  if (offset !== bytes.byteLength) throw new Error(`model ${provenance.version} goes on after its data`);
  return new Model(provenance, detectors);
}

interface Description {
  provenance: Provenance;
  kinds: SavedKind[];
}

interface SavedKind {
  kind: EntityKind;
  features: readonly string[];
  means: number[];
  variances: number[];
  bandOf: readonly number[];
  bands: number;
  windowsPerDay: number;
  forestBytes: number[];
  /** Quantiles kept of each feature, none in a model that has none; absent in format 1. */
  quantiles?: number;
}

/** The JSON part. Throws an Error when it is not one that `serialise` wrote. */
function descriptionOf(json: Uint8Array): Description {
  let description: Description;
  let isSound: boolean;
  try {
    description = JSON.parse(Buffer.from(json).toString('utf8')) as Description;
    const { provenance, kinds } = description;
    isSound =
      typeof provenance.version === 'string' &&
      Number.isFinite(provenance.trainedAtSeconds) &&
      kinds.every(isSavedKind);
  } catch (cause) {
    throw new Error('the model is damaged: its description cannot be read; train again', { cause });
  }
  if (!isSound) throw new Error('the model is damaged: its description contradicts itself; train again');
  return description;
}

function isSavedKind({
  kind,
  features,
  means,
  variances,
  bandOf,
  bands,
  windowsPerDay,
  forestBytes,
  quantiles = 0,
}: SavedKind): boolean {
  return (
    Object.hasOwn(FEATURE_NAMES, kind) &&
    Number.isFinite(windowsPerDay) &&
    [features, means, variances, forestBytes].every(Array.isArray) &&
    means.length === features.length &&
    variances.length === features.length &&
    (quantiles === 0 || quantiles === FeatureQuantiles.LEVELS) &&
    bandOf.length === BAND_STARTS.length &&
    bandOf.every((band) => Number.isInteger(band) && band >= 0 && band < bands)
  );
}

/** The tails of a band in the order in which they are stored. */
const tailsOf = ({ values, distances, themes, forests, fused }: BandTails): Tail[] => [
  ...values,
  ...distances,
  ...themes,
  ...forests,
  fused,
];

const bytesOf = (numbers: Float64Array | Float32Array): Uint8Array =>
  new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);

/** `take`: the next so many bytes of the file. Yields after every forest. */
function* readParts(saved: SavedKind, take: (size: number) => Uint8Array): Generator<void, DetectorParts> {
  const features = saved.features.length;
  const widths = themeWidths(saved.kind);
  const themes = widths.length;
  const tail = () => new Tail(new Float64Array(take(Tail.LENGTH * Float64Array.BYTES_PER_ELEMENT).slice().buffer));
  const tails = (length: number) => Array.from({ length }, tail);
  const bands = Array.from({ length: saved.bands }, () => ({
    values: tails(features),
    distances: tails(features),
    themes: tails(themes),
    forests: tails(themes),
    fused: tail(),
  }));
  const forests: IsolationForest[] = [];
  for (const size of saved.forestBytes) {
    forests.push(IsolationForest.copyOf(take(size)));
    yield;
  }
  if (forests.map(({ columns }) => columns).join() !== widths.join()) {
    throw new Error(`the model has forests over other ${saved.kind} features; train again`);
  }
  const quantileBytes = features * (saved.quantiles ?? 0) * Float32Array.BYTES_PER_ELEMENT;
  const quantiles = quantileBytes === 0 ? undefined : new Float32Array(take(quantileBytes).slice().buffer);
  return {
    kind: saved.kind,
    quantiles: quantiles && new FeatureQuantiles(quantiles),
    means: Float64Array.from(saved.means),
    variances: Float64Array.from(saved.variances),
    bandOf: saved.bandOf,
    bands,
    forests,
    windowsPerDay: saved.windowsPerDay,
  };
}

/** Columns of each theme's forest: a value and, where the feature is relative, a distance. */
function themeWidths(kind: EntityKind): number[] {
  const features = definitionsOf(kind);
  return themesOf(kind).map(({ columns }) =>
    columns.reduce((sum, column) => sum + (features[column]!.relative ? 2 : 1), 0),
  );
}
