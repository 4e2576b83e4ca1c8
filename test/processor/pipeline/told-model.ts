import type { EntityKind } from '../../../processor/src/features/features.ts';
import { FEATURE_NAMES } from '../../../processor/src/features/features.ts';
import { type EntityDetector, themesOf } from '../../../processor/src/model/entity-detector.ts';
import type { Model } from '../../../processor/src/model/model.ts';

/** What a told detector finds in every row. */
export interface Told {
  /** -ln p. */
  nats: number;
  /** Evidence by feature name, nats; 0 for the others. */
  evidence: Readonly<Record<string, number>>;
}

/** A model that finds what the test tells it, so that expected verdicts can be worked out by hand. */
export class ToldModel {
  readonly told: Record<EntityKind, Told> = {
    user: { nats: 0, evidence: {} },
    address: { nats: 0, evidence: {} },
    endpoint: { nats: 0, evidence: {} },
  };
  /** How often rows of each kind were evaluated. */
  readonly evaluations: Record<EntityKind, number> = { user: 0, address: 0, endpoint: 0 };
  readonly model: Model;

  constructor(version = 'm-told', kinds: readonly EntityKind[] = ['user', 'address', 'endpoint']) {
    const detectors = Object.fromEntries(kinds.map((kind) => [kind, this.#detector(kind)]));
    this.model = { provenance: { version, trainedAtSeconds: 0 }, detectors } as unknown as Model;
  }

  #detector(kind: EntityKind): EntityDetector {
    const featureEvidence = new Float64Array(FEATURE_NAMES[kind].length);
    const themes = themesOf(kind);
    const themeEvidence = new Float64Array(themes.length);
    const detector = {
      parts: { kind, windowsPerDay: 0 },
      featureEvidence,
      themeEvidence,
      // No forest has a say.
      forestNats: new Float64Array(themes.length),
      // As the real one: NaN where nothing was odd enough to ask the forest.
      isolationScore: Number.NaN,
      evaluate: () => {
        this.evaluations[kind] += 1;
        const { evidence, nats } = this.told[kind];
        featureEvidence.fill(0);
        for (const [name, value] of Object.entries(evidence)) featureEvidence[columnOf(kind, name)] = value;
        themes.forEach(({ columns }, theme) => {
          themeEvidence[theme] = Math.max(...columns.map((column) => featureEvidence[column]!));
        });
        return nats;
      },
      rarity: (fused: number) => fused,
      isolate: () => 0.625,
      expected: () => 0,
    };
    return detector as unknown as EntityDetector;
  }
}

function columnOf(kind: EntityKind, name: string): number {
  const column = (FEATURE_NAMES[kind] as readonly string[]).indexOf(name);
  if (column < 0) throw new Error(`There is no ${kind} feature ${name}.`);
  return column;
}
