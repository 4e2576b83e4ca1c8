import { parse } from 'yaml';
import { z } from 'zod';
import { ServiceError } from '../errors.ts';
import { type EntityWindows, type Quantity, QUANTITY_NAMES } from './entity-windows.ts';

/** A rule over one user's 5-minute window. */
export interface StaticRule {
  readonly name: string;
  readonly quantity: Quantity;
  /** The rule fires when the quantity is at least this. Above 0; Infinity is a rule that is switched off. */
  readonly threshold: number;
}

/** The rules that are compared with when no others are given. */
export const DEFAULT_RULES_FILE = new URL('./default-rules.yaml', import.meta.url);

const rulesSchema = z.strictObject({
  rules: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(100),
        quantity: z.enum(QUANTITY_NAMES),
        threshold: z.number().positive(),
      }),
    )
    .min(1)
    .max(100),
});

/** What is expected where, for the remedy of an error. */
const EXPECTED: Readonly<Record<string, string>> = {
  rules: 'a list of 1 to 100 rules, each with name, quantity and threshold',
  name: 'a text of 1 to 100 characters that no other rule has',
  quantity: `one of ${QUANTITY_NAMES.join(', ')}`,
  threshold: 'a number above 0',
};

/** Longest value repeated in a message, in characters. */
const MAX_SHOWN = 100;

/**
 * The rules in a YAML text. `source`: what the text is called in errors, such as its file. Throws ServiceError
 * `config_invalid_value` for the first mistake.
 */
export function parseRules(text: string, source: string): StaticRule[] {
  let content: unknown;
  try {
    content = parse(text);
  } catch (error) {
    const [reason = ''] = (error as Error).message.split('\n', 1);
    throw invalid(source, `not YAML (${reason.replace(/:$/, '')})`, EXPECTED['rules']!, error);
  }
  const checked = rulesSchema.safeParse(content);
  if (!checked.success) throw mistake(content, checked.error.issues[0]!, source);
  const { rules } = checked.data;
  for (const [index, { name }] of rules.entries()) {
    if (rules.findIndex((rule) => rule.name === name) === index) continue;
    throw invalid(`${source}: rules[${index}].name`, show(name), EXPECTED['name']!);
  }
  return rules;
}

/**
 * The rules' value of each of the units: the largest of quantity / threshold over the rules, so that multiplying it
 * sweeps all thresholds at once. At least 1 where some rule fires as it is written.
 */
export function ruleValues(rules: readonly StaticRule[], windows: EntityWindows, units: Uint32Array): Float64Array {
  const values = new Float64Array(units.length);
  for (const { quantity, threshold } of rules) {
    const observed = windows.quantity(quantity, units);
    for (let index = 0; index < values.length; index++) {
      values[index] = Math.max(values[index]!, observed[index]! / threshold);
    }
  }
  return values;
}

function mistake(content: unknown, issue: z.core.$ZodIssue, source: string): ServiceError {
  const path = issue.path as readonly (string | number)[];
  if (issue.code === 'unrecognized_keys') {
    const key = keyOf(source, [...path, issue.keys[0]!]);
    return invalid(key, 'no known key', path.length === 0 ? EXPECTED['rules']! : 'name, quantity and threshold');
  }
  const option = path.findLast((step) => typeof step === 'string') ?? 'rules';
  // A rule that is no map at all: the list is what is wrong.
  return invalid(keyOf(source, path), show(valueAt(content, path)), EXPECTED[option]!);
}

function invalid(key: string, value: string, expected: string, cause?: unknown): ServiceError {
  return new ServiceError('config_invalid_value', { key, value, expected }, { cause });
}

/** Such as `team.yaml: rules[2].threshold`. */
function keyOf(source: string, path: readonly (string | number)[]): string {
  const steps = path.map((step, n) => (typeof step === 'number' ? `[${step}]` : n === 0 ? step : `.${step}`));
  return steps.length === 0 ? source : `${source}: ${steps.join('')}`;
}

function show(value: unknown): string {
  // JSON has no infinity, which YAML writes as `.inf`.
  const shown = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'missing');
  return shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}…` : shown;
}

function valueAt(content: unknown, path: readonly (string | number)[]): unknown {
  let value = content;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}
