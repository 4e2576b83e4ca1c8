/**
 * Evaluates the detection, prints what it finds, and writes the results page.
 *
 * Usage: node bootstrap.mjs test/evaluation/run.ts [--quick] [--only NAME]
 *
 * `--quick` only shows that it works and writes nothing; `--only` runs one section, and writes nothing either. Sections
 * whose reference data is not found say so; in CI (`CI=true`) they fail. The exit code is 1 if a section failed; a goal
 * that is missed is a result.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { referencePath } from '../support/reference-data.ts';
import { git, runSections, writeResults } from '../support/section-run.ts';
import { evaluateAblation } from './ablation.section.ts';
import { evaluateConfounders } from './confounders.section.ts';
import { evaluateDisguised } from './disguised.section.ts';
import { type EvaluationSection, type Goal, goalsText, sectionText } from './evaluation-section.ts';
import { evaluateLosses } from './losses.section.ts';
import { NASA_FILE } from './nasa-traffic.ts';
import { evaluateNasa } from './nasa.section.ts';
import { NEZHA_FOLDER } from './nezha-traffic.ts';
import { evaluateNezha } from './nezha.section.ts';
import { evaluateOrdinary } from './ordinary.section.ts';
import { evaluateParity } from './parity.section.ts';
import { evaluatePoisoning } from './poisoning.section.ts';
import { evaluateSimulated } from './simulated.section.ts';

const RESULTS = path.join(import.meta.dirname, 'RESULTS.md');

interface Section {
  readonly name: string;
  /** Folder of the reference data without which there is nothing to evaluate. */
  readonly needs?: string;
  readonly evaluate: (options: { quick: boolean; hasData: boolean }) => Promise<EvaluationSection>;
}

const SECTIONS: readonly Section[] = [
  { name: 'simulated', evaluate: evaluateSimulated },
  { name: 'disguised', evaluate: evaluateDisguised },
  { name: 'confounders', evaluate: evaluateConfounders },
  { name: 'ordinary', evaluate: evaluateOrdinary },
  { name: 'nasa', needs: NASA_FILE[0], evaluate: evaluateNasa },
  { name: 'nezha', needs: NEZHA_FOLDER, evaluate: evaluateNezha },
  { name: 'parity', needs: 'adbench', evaluate: evaluateParity },
  { name: 'ablation', evaluate: evaluateAblation },
  { name: 'poisoning', evaluate: evaluatePoisoning },
  { name: 'losses', evaluate: evaluateLosses },
];

const begin = performance.now();
const goals: Goal[] = [];
const { pages, isComplete } = await runSections(SECTIONS, async (section, quick) => {
  const evaluated = await evaluate(section, quick);
  goals.push(...evaluated.goals);
  return sectionText(evaluated);
});
if (goals.length > 0) process.stdout.write(`\n${goalsText(goals)}\n`);
if (isComplete)
  await writeResults(RESULTS, [headText((performance.now() - begin) / 60_000), goalsText(goals), ...pages]);

async function evaluate(
  { name, needs, evaluate: evaluateSection }: Section,
  quick: boolean,
): Promise<EvaluationSection> {
  const options = { quick, hasData: hasData(NASA_FILE[0]) };
  if (needs === undefined || hasData(needs)) return evaluateSection(options);
  const line = `Not evaluated: reference data not found. Set ANOMALY_TEST_DATA to the folder that holds ${needs}.`;
  if (process.env['CI'] === 'true') throw new Error(line);
  return { title: name, blocks: [line], goals: [] };
}

function hasData(folder: string): boolean {
  return process.env['ANOMALY_TEST_DATA'] !== undefined && existsSync(referencePath(folder));
}

function headText(minutes: number): string {
  const isChanged = git('status', '--porcelain', '--', '../../processor') !== '';
  return `<!-- Written by \`npm run evaluate\`; do not edit. -->

# How well it detects

Every number is written by a run, on worlds whose seeds nobody developed on; a goal that is missed is shown as missed. The
same commit gives the same numbers.

${new Date().toISOString().slice(0, 10)}, commit ${git('rev-parse', '--short', 'HEAD') || 'unknown'}${isChanged ? ' with changes' : ''}, ${Math.ceil(minutes)} min on two threads.
`;
}
