/** What benchmarks and evaluation share: sections run one after the other, their pages printed and written to a file. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { format } from 'prettier';

export interface SectionRun {
  /** The pages of the sections that did not fail, as Markdown. */
  readonly pages: readonly string[];
  /** Whether this was everything, in full and without a failure, so that the results page may be written. */
  readonly isComplete: boolean;
}

/**
 * Runs the sections that the command line asks for (`--quick`, `--only NAME`) and prints each page. Sets the exit code:
 * 1 where a section failed; ends the process with 2 where `--only` names none.
 */
export async function runSections<Section extends { readonly name: string }>(
  sections: readonly Section[],
  run: (section: Section, quick: boolean) => Promise<string>,
): Promise<SectionRun> {
  const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } } });
  const { quick, only } = values;
  const names = sections.map(({ name }) => name);
  if (only !== undefined && !names.includes(only)) {
    process.stderr.write(`--only is ${only}; use one of: ${names.join(', ')}.\n`);
    process.exit(2);
  }
  const pages: string[] = [];
  let failures = 0;
  for (const section of sections) {
    if (only !== undefined && section.name !== only) continue;
    try {
      const page = await run(section, quick);
      pages.push(page);
      process.stdout.write(`\n${page}\n`);
    } catch (error) {
      failures += 1;
      process.stdout.write(`\n${section.name} failed: ${(error as Error).stack}\n`);
    }
  }
  if (failures > 0) process.exitCode = 1;
  return { pages, isComplete: !quick && only === undefined && failures === 0 };
}

/** Writes the results page, formatted. */
export async function writeResults(file: string, parts: readonly string[]): Promise<void> {
  writeFileSync(file, await format(parts.join('\n\n'), { parser: 'markdown' }));
  process.stdout.write(`\nWritten to ${path.relative(process.cwd(), file)}.\n`);
}

/** What git prints of this checkout; empty outside a repository. */
export function git(...args: string[]): string {
  return spawnSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).stdout.trim();
}
