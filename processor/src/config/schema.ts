/** Every option of the service, declared once: default, bounds and meaning. Documentation and JSON Schema come from here. */
import { z } from 'zod';
import { annotate, endpoints, features, identity, model, sensitivity } from './detection.ts';
import { control, log, metrics, store } from './operation.ts';
import { exporter, pipeline, receiver, stop } from './traffic.ts';

export const configSchema = z.strictObject({
  receiver,
  export: exporter,
  pipeline,
  identity,
  endpoints,
  features,
  annotate,
  model,
  sensitivity,
  store,
  control,
  metrics,
  log,
  stop,
});

type DeepReadonly<Value> = Value extends object ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> } : Value;

/** The effective configuration: complete, checked and frozen. */
export type Config = DeepReadonly<z.output<typeof configSchema>>;

/** What JSON Schema says about one option or one group of them. */
export interface OptionDescription {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly OptionDescription[];
  readonly format?: string;
  readonly pattern?: string;
  readonly examples?: readonly unknown[];
  /** A secret: never printed. */
  readonly writeOnly?: boolean;
  /** A change takes effect while the service runs, in a group that of any option in it. */
  readonly 'x-live'?: boolean;
  readonly items?: OptionDescription;
  /** A group of options has properties, a map of free keys has additionalProperties. */
  readonly properties?: Readonly<Record<string, OptionDescription>>;
  readonly additionalProperties?: OptionDescription | false;
}

/** The JSON Schema (2020-12) of the configuration file. */
export const configJsonSchema = {
  title: 'api-anomaly configuration',
  ...z.toJSONSchema(configSchema, { io: 'input' }),
} as OptionDescription;

/** The paths of all options below a group, groups not among them. */
export function optionPaths(group: OptionDescription = configJsonSchema, path: readonly string[] = []): string[][] {
  return Object.entries(group.properties ?? {}).flatMap(([key, option]) => {
    const inner = [...path, key];
    return option.properties === undefined ? [inner] : optionPaths(option, inner);
  });
}

/** Whether the option at `path` or a group it belongs to says so of itself. */
export function isMarked(path: readonly string[], mark: 'writeOnly' | 'x-live'): boolean {
  return path.some((_, index) => describeOption(path.slice(0, index + 1))?.[mark] === true);
}

/** The description of what `path` leads to; undefined where there is no such key. */
export function describeOption(path: readonly string[]): OptionDescription | undefined {
  let description: OptionDescription | undefined = configJsonSchema;
  for (const key of path) {
    const { properties, additionalProperties, items }: OptionDescription = description ?? {};
    if (properties !== undefined) description = Object.hasOwn(properties, key) ? properties[key] : undefined;
    else description = additionalProperties || items;
  }
  return description;
}
