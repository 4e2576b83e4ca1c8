/** `simulate`: labelled API traffic as OTLP JSON lines, the way the collector's file exporter writes them. */
import { Command } from 'commander';
import { closest } from 'fastest-levenshtein';
import { encodeJsonLine } from '../otlp/request-writer.ts';
import { OutputFile } from '../replay/output-file.ts';
import { BEHAVIORS, INTENSITIES, type Intensity } from '../simulation/attacks.ts';
import { CONFOUNDER_NAMES, type ConfounderName } from '../simulation/confounders.ts';
import type { Episode } from '../simulation/episode.ts';
import { LABEL_ATTRIBUTE } from '../simulation/span.ts';
import { batchesOf, toResourceSpans } from '../simulation/trace-batch.ts';
import { type AttackOrder, createWorld, EVERY_ATTACK, type World, type WorldOptions } from '../simulation/world.ts';
import { createProgress } from './progress.ts';
import { explainingErrors, UsageError } from './usage-error.ts';

/** Spans a line: what a collector's batch processor sends at a time in a quiet hour. */
const SPANS_PER_LINE = 200;
/** Spans between two looks at the progress. */
const SPANS_PER_UPDATE = 20 * SPANS_PER_LINE;

interface Options {
  readonly out: string;
  readonly seed: string;
  readonly days: string;
  readonly users: string;
  readonly attacks: string;
  readonly intensity?: string;
  readonly confounders: string;
  readonly start: string;
  readonly json?: boolean;
}

/** What was written, as `--json` prints it. */
interface Summary {
  readonly file: string;
  readonly spans: number;
  readonly bytes: number;
  readonly labelAttribute: string;
  readonly episodes: readonly (Episode & { readonly spans: number })[];
}

export function simulateCommand(): Command {
  return new Command('simulate')
    .description('write simulated API traffic with labelled attacks as OTLP JSON lines')
    .requiredOption('--out <file>', 'file to write, compressed where its name ends in .gz')
    .option('--seed <n>', 'same seed and options, same bytes', '1')
    .option('--days <d>', 'length in days, fractions allowed', '1')
    .option('--users <n>', 'people with an account', '300')
    .option(
      '--attacks <list>',
      '`all`, `none` or behaviors, each with an optional :intensity; again for more of one',
      'all',
    )
    .option('--intensity <level>', 'low, medium or high, where an attack names none (default: in turn)')
    .option('--confounders <list>', '`all`, `none` or harmless oddities by name', 'none')
    .option('--start <time>', 'first moment, ISO 8601', '2026-01-12T00:00:00Z')
    .option('--json', 'print the summary and the ground truth as JSON')
    .addHelpText('after', `\nBehaviors: ${BEHAVIORS.join(', ')}\nConfounders: ${CONFOUNDER_NAMES.join(', ')}`)
    .action(explainingErrors(simulate));
}

async function simulate(options: Options): Promise<void> {
  const summary = await write(createWorld(worldOptions(options)), options.out);
  process.stdout.write(options.json ? `${JSON.stringify(summary, null, 2)}\n` : describe(summary));
}

async function write(world: World, path: string): Promise<Summary> {
  const file = await OutputFile.create(path).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(
      `--out is ${path}, which cannot be written (${error.code}); name a file in an existing folder.`,
    );
  });
  const progress = createProgress(process.stderr, 'Simulating');
  const labelled = new Map(world.episodes.map(({ label }) => [label, 0]));
  let spans = 0;
  let bytes = 0;
  try {
    for (const batch of batchesOf(world, SPANS_PER_LINE)) {
      const line = encodeJsonLine(toResourceSpans(batch, { labelAttribute: LABEL_ATTRIBUTE }));
      await file.write(line);
      bytes += Buffer.byteLength(line);
      spans += batch.length;
      for (const { label } of batch) if (label !== '') labelled.set(label, labelled.get(label)! + 1);
      if (spans % SPANS_PER_UPDATE !== 0) continue;
      const done = (batch[0]!.startMs - world.startMs) / (world.endMs - world.startMs);
      progress.update(Math.max(0, Math.min(1, done)), `${spans.toLocaleString('en')} spans`);
    }
  } finally {
    progress.stop();
    await file.close();
  }
  const episodes = world.episodes.map((episode) => ({ ...episode, spans: labelled.get(episode.label)! }));
  return { file: path, spans, bytes, labelAttribute: LABEL_ATTRIBUTE, episodes };
}

function describe({ file, spans, bytes, labelAttribute, episodes }: Summary): string {
  const megabytes = (bytes / 1e6).toFixed(1);
  const lines = [`Wrote ${spans.toLocaleString('en')} spans, ${megabytes} MB, to ${file}.`];
  if (episodes.length > 0) lines.push(`Ground truth, in the attribute ${labelAttribute}:`);
  for (const { label, intensity, fromMs, untilMs, entityKind, entities, spans: own } of episodes) {
    const [from, until] = [fromMs, untilMs].map((timeMs) => new Date(timeMs).toISOString().slice(0, 16));
    const more = entities.length > 1 ? ` and ${entities.length - 1} more` : '';
    lines.push(
      `  ${label.padEnd(23)} ${intensity.padEnd(6)} ${from} to ${until!.slice(11)} ${String(own).padStart(5)} spans  ${entityKind} ${entities[0]}${more}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** The world the options describe. Throws UsageError. */
function worldOptions(options: Options): WorldOptions {
  const startMs = Date.parse(options.start);
  if (Number.isNaN(startMs)) {
    throw new UsageError(`--start is ${options.start}; use a time such as 2026-01-12T00:00:00Z.`);
  }
  return {
    seed: number('seed', options.seed, 0, 2 ** 32 - 1, true),
    days: number('days', options.days, 0.01, 366, false),
    users: number('users', options.users, 10, 1_000_000, true),
    startMs,
    attacks: attackOrders(options.attacks),
    ...(options.intensity !== undefined && { intensity: intensityFrom('--intensity', options.intensity) }),
    confounders: confounderNames(options.confounders),
  };
}

function number(name: string, text: string, lowest: number, highest: number, isWhole: boolean): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= lowest && value <= highest) || (isWhole && !Number.isInteger(value))) {
    throw new UsageError(
      `--${name} is ${text}; use ${isWhole ? 'an integer' : 'a number'} from ${lowest} to ${highest}.`,
    );
  }
  return value;
}

function attackOrders(list: string): readonly AttackOrder[] {
  if (list === 'all') return EVERY_ATTACK;
  return split(list).map((item) => {
    const [name = '', level] = item.split(':');
    const behavior = oneOf('--attacks', name, BEHAVIORS);
    return level === undefined ? { behavior } : { behavior, intensity: intensityFrom('--attacks', level) };
  });
}

function confounderNames(list: string): readonly ConfounderName[] {
  return list === 'all' ? CONFOUNDER_NAMES : split(list).map((name) => oneOf('--confounders', name, CONFOUNDER_NAMES));
}

function intensityFrom(option: string, text: string): Intensity {
  return oneOf(option, text, INTENSITIES);
}

function split(list: string): string[] {
  if (list === 'none') return [];
  return list.split(',').map((item) => item.trim());
}

function oneOf<T extends string>(option: string, text: string, values: readonly T[]): T {
  const found = values.find((value) => value === text);
  if (found !== undefined) return found;
  const hint = `did you mean ${closest(text, [...values])}?`;
  throw new UsageError(`${option} has "${text}", which is unknown; ${hint} Use one of: ${values.join(', ')}.`);
}
