import { groupTable } from './detector-table.ts';
import type { EvaluationSection, SectionOptions } from './evaluation-section.ts';
import { mixedWorlds } from './mixed-worlds.ts';

const GROUPS = [
  ['plain', 'medium and high'],
  ['low', 'low: disguised'],
] as const;

/** The same worlds, those who hide looked at by themselves. */
export async function evaluateDisguised(options: SectionOptions): Promise<EvaluationSection> {
  const worlds = await mixedWorlds(options);
  const rows = GROUPS.flatMap(([group, text]) => {
    const measures = worlds.map((world) => world.measures[group]!);
    return [
      [`${text}, ours`, measures, 'ours'],
      [`${text}, tuned rules`, measures, 'tuned_rules'],
    ] as const;
  });
  return {
    title: 'Attackers in disguise',
    blocks: [
      'The same worlds. At low intensity attackers jitter their pace, mix in ordinary requests and come from several addresses (`processor/src/simulation/attacks.ts` has the numbers); windows of other intensities are left out of each row.',
      groupTable(rows),
    ],
    goals: [],
  };
}
