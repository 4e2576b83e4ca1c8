/**
 * A service that is killed while it trains, promotes and writes. CRASH_KILLS says how often: few here, 200 for a soak.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { encodeJsonLine } from '../../processor/src/otlp/request-writer.ts';
import { batchesOf, toResourceSpans } from '../../processor/src/simulation/trace-batch.ts';
import { createWorld } from '../../processor/src/simulation/world.ts';
import { ChildProgram, killAllPrograms } from '../support/child-program.ts';
import { seededRandom } from '../support/otlp-samples.ts';
import { removeTemporaryFolders, temporaryFolder } from '../support/temporary-folder.ts';

const KILLS = Number(process.env['CRASH_KILLS'] ?? 5);
const PROGRAM = path.join(import.meta.dirname, 'crash-program.ts');
/** Longest that a start may take, on a machine that has much else to do. */
const START_MS = 60_000;
/** Share of the kills that may come before the service is at work. */
const EARLY = 0.3;
/** Longest time at work before a kill: a training of this history and a few promotions. */
const LONGEST_MS = 1500;

afterEach(killAllPrograms);
afterAll(removeTemporaryFolders);

/** A history of two hours, so small that a training takes a moment. */
function historyFile(): string {
  const world = createWorld({ seed: 1, users: 15, days: 2 / 24, startMs: Date.UTC(2026, 0, 14, 10), attacks: [] });
  const file = path.join(temporaryFolder(), 'history.jsonl');
  const lines = Array.from(batchesOf(world, 200), (batch) => encodeJsonLine(toResourceSpans(batch)));
  writeFileSync(file, lines.join(''));
  return file;
}

/** Runs the program, kills it so long after it has said a word, or after it was started, and returns what it had said. */
async function killedAfter(ms: number, word: string, folder: string, history: string): Promise<string[]> {
  const program = new ChildProgram(process.execPath, [PROGRAM, folder, history]);
  if (word !== '') await program.ready(() => program.standardOutput.includes(`${word} `), START_MS);
  await new Promise((resolve) => setTimeout(resolve, ms));
  program.assertRunning();
  await program.kill();
  return program.standardOutput.split('\n').slice(0, -1);
}

const after = (lines: readonly string[], word: string): string[] =>
  lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));

test(
  `killed ${KILLS} times it always starts, with the whole model that was acknowledged last, and no job is lost`,
  async () => {
    const random = seededRandom(7);
    const [folder, history] = [temporaryFolder(), historyFile()];
    /** Versions that may be in use, with the sums of what was seen of them. */
    let possible: Set<string> | undefined;
    const sums = new Map<string, string>();
    let begun: string[] = [];
    let [promotions, interrupted] = [0, 0];
    for (let kill = 0; kill < KILLS; kill++) {
      const isEarly = random() <= EARLY;
      // However slow the machine is, one model is promoted.
      const word = kill === 0 ? 'acknowledged' : isEarly ? '' : 'running';
      const lines = await killedAfter(random() * LONGEST_MS, word, folder, history);
      const [running] = after(lines, 'running');
      // It was killed before it was at work, and has changed nothing.
      if (running === undefined) continue;
      const [version = '', sum = ''] = running.split(' ');
      if (possible !== undefined) expect([...possible]).toContain(version);
      if (version !== 'none') expect([sum, undefined]).toContain(sums.get(version) ?? sum);
      const states = new Map(after(lines, 'job').map((line) => line.split(' ') as [string, string]));
      for (const id of begun) expect(states.get(id)).toMatch(/^(succeeded|rejected|interrupted)$/);
      expect([...states.values()]).not.toContain('running');
      interrupted += begun.filter((id) => states.get(id) === 'interrupted').length;

      begun = after(lines, 'begun');
      const acknowledged = after(lines, 'acknowledged').map((line) => line.split(' ') as [string, string]);
      for (const [known, sumOf] of [[version, sum] as const, ...acknowledged]) sums.set(known, sumOf);
      promotions += acknowledged.length;
      const last = acknowledged.at(-1)?.[0] ?? version;
      // What was asked for last may have been done without the answer having come; so may the first promotion.
      possible = new Set([last, ...(last === 'none' ? sums.keys() : [])]);
      const pending = lines.at(-1)!.match(/^asked (.+)$/)?.[1];
      if (pending !== undefined) possible.add(pending);
      if (last === 'none') possible = undefined;
    }
    process.stderr.write(`${KILLS} kills: ${promotions} acknowledged, ${interrupted} trainings interrupted\n`);
    expect(promotions).toBeGreaterThan(0);
  },
  KILLS * 20_000,
);
