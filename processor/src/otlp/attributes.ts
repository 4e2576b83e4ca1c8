interface AttributeDefinition {
  readonly type: 'double' | 'bool' | 'int' | 'string' | 'string[]';
  /**
   * The spans that carry it: every scored one, those that were to be scored and were not, or anomalies only
   * (every scored span with `annotate.detail: full`).
   */
  readonly on: 'scored' | 'unscored' | 'anomaly';
  /** Left out first when the annotated request would be too large for the next hop. */
  readonly optional: boolean;
  readonly meaning: string;
}

/** The attributes we write onto spans, by their key without the configured prefix (`anomaly.` by default). */
export const ATTRIBUTES = {
  score: {
    type: 'double',
    on: 'scored',
    optional: false,
    meaning:
      'Calibrated rarity from 0 to 1: 0.5 is one entity-window in a thousand, 1 is one in a million or rarer. Comparable across models, services and time.',
  },
  is_anomaly: { type: 'bool', on: 'scored', optional: false, meaning: "The decision layer's verdict." },
  'model.version': { type: 'string', on: 'scored', optional: false, meaning: 'Id of the model that scored the span.' },
  state: {
    type: 'string',
    on: 'unscored',
    optional: false,
    meaning: 'Why a span that was to be scored was not: `learning`, `shed` or `error`.',
  },
  score_percent: {
    type: 'int',
    on: 'anomaly',
    optional: false,
    meaning: 'The score as an integer from 0 to 100, for rules that take integers only.',
  },
  evidence: {
    type: 'double',
    on: 'anomaly',
    optional: true,
    meaning: 'How unusual the call is, in nats, after fusing themes and carrying persistence; uncapped.',
  },
  isolation_score: {
    type: 'double',
    on: 'anomaly',
    optional: true,
    meaning: 'Raw isolation forest score from 0 to 1 of the theme with the strongest evidence.',
  },
  'user.score': { type: 'double', on: 'anomaly', optional: true, meaning: 'Score of the user, from 0 to 1.' },
  'address.score': {
    type: 'double',
    on: 'anomaly',
    optional: true,
    meaning: 'Score of the client address, from 0 to 1.',
  },
  'endpoint.score': { type: 'double', on: 'anomaly', optional: true, meaning: 'Score of the endpoint, from 0 to 1.' },
  behavior: { type: 'string', on: 'anomaly', optional: false, meaning: 'The named behavior the anomaly looks like.' },
  reason: {
    type: 'string',
    on: 'anomaly',
    optional: true,
    meaning: 'One plain sentence, observed then usual. Never holds an id, a path or an address.',
  },
  features: {
    type: 'string[]',
    on: 'anomaly',
    optional: true,
    meaning: 'Names of the top contributing features, strongest first.',
  },
  'incident.id': { type: 'string', on: 'anomaly', optional: false, meaning: 'The incident the anomaly belongs to.' },
} as const satisfies Record<string, AttributeDefinition>;

/** Key of an attribute of ours, without the prefix. */
export type AttributeName = keyof typeof ATTRIBUTES;

/** The attributes of one type. */
export type AttributeNameOf<Type extends AttributeDefinition['type']> = {
  [Name in AttributeName]: (typeof ATTRIBUTES)[Name]['type'] extends Type ? Name : never;
}[AttributeName];

export const ATTRIBUTE_NAMES = Object.keys(ATTRIBUTES) as AttributeName[];

/** The full keys of all attributes of ours: exactly what is removed from incoming spans. */
export function ownKeys(prefix: string): string[] {
  return ATTRIBUTE_NAMES.map((name) => prefix + name);
}
