/**
 * Runs the benchmarks, prints their tables, and writes the results page.
 *
 * Usage: node bootstrap.mjs test/bench/run.ts [--quick] [--only NAME]
 *
 * `--quick` only shows that they work and writes nothing; `--only` runs one section, and writes nothing either. A section
 * whose programs are missing is skipped, in CI (`CI=true`) it fails. The exit code is 1 if a section failed.
 */
import os from 'node:os';
import path from 'node:path';
import { findProgram, type ProgramName } from '../support/programs.ts';
import { git, runSections, writeResults } from '../support/section-run.ts';
import type { BenchSection } from './section.ts';

const RESULTS = path.join(import.meta.dirname, 'RESULTS.md');

interface Section {
  readonly name: string;
  /** Programs of other projects without which it says too little. */
  readonly programs: readonly ProgramName[];
  /** Imported only when it runs: one section's code must not slow down another's. */
  readonly load: () => Promise<(options: { quick: boolean }) => Promise<BenchSection>>;
}

const SECTIONS: readonly Section[] = [
  { name: 'codec', programs: [], load: async () => (await import('./codec.bench.ts')).benchCodec },
  { name: 'forest', programs: [], load: async () => (await import('./forest.bench.ts')).benchForest },
  {
    name: 'whole-process',
    programs: ['otelcol'],
    load: async () => (await import('./whole-process.bench.ts')).benchWholeProcess,
  },
  { name: 'memory', programs: [], load: async () => (await import('./memory.bench.ts')).benchMemory },
  { name: 'event-loop', programs: [], load: async () => (await import('./event-loop.bench.ts')).benchEventLoop },
  { name: 'control-api', programs: [], load: async () => (await import('./control-api.bench.ts')).benchControlApi },
];

const HEAD = `<!-- Written by \`npm run bench\`; do not edit. -->

# Benchmarks

Every ratio is from one run, the contenders taking turns. Absolute times are those of this machine at that time: where the
load average is above the number of processors it had other work too.
`;

// The programs of a section end when this process exits, but not when a signal kills it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const began = machine();
process.stdout.write(`${began}\n`);
const { pages, isComplete } = await runSections(SECTIONS, runSection);
if (isComplete) await writeResults(RESULTS, [HEAD, began, ...pages]);

async function runSection({ name, programs, load }: Section, quick: boolean): Promise<string> {
  const missing = programs.filter((program) => findProgram(program) === undefined);
  if (missing.length > 0) {
    const line = `${name} skipped: ${missing.join(', ')} is not installed (node bootstrap.mjs test/scripts/build-collector.ts).`;
    if (process.env['CI'] === 'true') throw new Error(line);
    return line;
  }
  const bench = await load();
  return markdown(await bench({ quick }));
}

function markdown({ title, columns, rows, notes }: BenchSection): string {
  const table = [tableRow(columns), tableRow(columns.map(() => '---')), ...rows.map(tableRow)];
  return [`## ${title}`, table.join('\n'), notes.map((note) => `- ${note}`).join('\n')].join('\n\n');
}

function tableRow(cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** What the numbers were measured on, and when. */
function machine(): string {
  const cpus = os.cpus();
  const load = os.loadavg().map((average) => average.toFixed(1));
  return [
    `${cpus.length} × ${cpus[0]?.model.trim() ?? 'unknown processor'}, ${Math.round(os.totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}.`,
    `${new Date().toISOString().slice(0, 10)}, commit ${git('rev-parse', '--short', 'HEAD') || 'unknown'}. Load average when it began: ${load.join(', ')}.`,
  ].join('\n');
}
