/**
 * Poisoning: what an attacker achieves who behaves badly in advance, so that models learn it as normal. One shot: five
 * identities send a share of all rows at full strength, then comes one training. Boiling frog: a fifth of all rows, a
 * little bolder before each of thirty trainings, by five identities or by four hundred.
 */
import { Random } from '../../processor/src/forest/random.ts';
import type { EvaluationSection, Goal, SectionOptions } from './evaluation-section.ts';
import { type Activity, type Defences, type Finding, gauss, PoisonedService } from './poisoned-service.ts';

interface Scenario {
  readonly name: string;
  readonly attackers: number;
  /** Of all rows, while the attack lasts. */
  readonly share: number;
  readonly days: number;
  /** A training every day and a bolder attack after each; else one training at the end. */
  readonly isGradual: boolean;
}

const RETRAININGS = 30;
const QUICK_RETRAININGS = 6;
/** How much nearer the frog comes to the attack with each training. */
const STEP = 0.05;
const FEW = 5;
const MANY = 400;

const oneShot = (share: number): Scenario => ({
  name: `one shot, ${FEW} identities, ${share * 100} % of rows`,
  attackers: FEW,
  share,
  days: 4,
  isGradual: false,
});
const boilingFrog = (attackers: number, share: number): Scenario => ({
  name: `boiling frog, ${attackers} identities, ${share * 100} % of rows`,
  attackers,
  share,
  days: RETRAININGS,
  isGradual: true,
});
const SCENARIOS: readonly Scenario[] = [
  ...[0.05, 0.1, 0.2, 0.3].map(oneShot),
  boilingFrog(FEW, 0.2),
  boilingFrog(MANY, 0.2),
];
const NOBODY: Scenario = { ...boilingFrog(MANY, 0), name: 'nobody poisons' };

const ALL: Defences = { cap: true, filter: true, gates: true };
const VARIANTS: readonly (readonly [name: string, defences: Defences])[] = [
  ['none', { cap: false, filter: false, gates: false }],
  ['cap', { cap: true, filter: false, gates: false }],
  ['filter', { cap: false, filter: true, gates: false }],
  ['cap, filter', { cap: true, filter: true, gates: false }],
  ['cap, filter, gates', ALL],
];

const USERS = 1000;
/** Windows of a day in which anybody works. */
const WINDOWS = 24;
const CLEAN_DAYS = 10;
/** Ordinary rows in a window. */
const ORDINARY = 20;
/** First of the poisoners, and of users that nobody has seen. */
const ATTACKER = 5000;
const NEWCOMER = 10_000;
/** In a window: calls, objects asked for, mean bytes of a response, share answered 404. */
const ATTACK = { calls: 120, objects: 96, bytes: 30_000, missing: 0.3 } as const;
const USUAL = { calls: 6, objects: 1, bytes: 4000, missing: 0.02 } as const;
/** Windows with the attack that the final model is asked to find, of each group of users. */
const PROBES = 120;
/** One ordinary window in a thousand scores as high. */
const FOUND_SCORE = 0.5;

/** Runs all scenarios against all sets of defences; `quick`: one share and a frog that is soon lifted out. */
export async function evaluatePoisoning({
  quick,
  seed = 1,
}: SectionOptions & { readonly seed?: number }): Promise<EvaluationSection> {
  const shortened = (scenario: Scenario): Scenario =>
    quick && scenario.isGradual ? { ...scenario, days: QUICK_RETRAININGS } : scenario;
  const rows: string[][] = [[NOBODY.name, VARIANTS.at(-1)![0], ...(await outcomeOf(shortened(NOBODY), ALL, seed))]];
  for (const scenario of SCENARIOS) {
    if (quick && !scenario.isGradual && scenario.share !== 0.2) continue;
    for (const [name, defences] of VARIANTS) {
      rows.push([scenario.name, name, ...(await outcomeOf(shortened(scenario), defences, seed))]);
    }
  }
  const blocks = [{ columns: COLUMNS, rows }, NOTES.map((note) => `- ${note}`).join('\n')];
  return { title: 'Poisoning', blocks, goals: quick ? [] : [goal(rows, false), goal(rows, true)] };
}

/** What is asked of all defences together, by the worse of known users and newcomers over the scenarios. */
function goal(rows: readonly string[][], isSybil: boolean): Goal {
  const wanted = isSybil ? 0.85 : 0.95;
  const shares = rows
    .filter(([scenario, defences]) => defences === VARIANTS.at(-1)![0] && scenario !== NOBODY.name)
    .filter(([scenario]) => scenario!.includes('400') === isSybil)
    .flatMap(([, , known, newcomers]) => [Number(known), Number(newcomers)]);
  const measured = Math.min(...shares);
  const name = `attack found after poisoning by ${isSybil ? '400' : 'five'} identities`;
  return { name, wanted: `≥ ${wanted}`, measured: measured.toFixed(2), isMet: measured >= wanted };
}

const COLUMNS = [
  'scenario',
  'defences',
  'attack found, known users',
  'newcomers',
  'the poisoners themselves',
  'flagged, known users and newcomers',
  'models promoted',
];

const NOTES = [
  'Simulated calls through the features, scorer, samples, training, gates and life of models that serve; users only, one seed.',
  `The attack: ${ATTACK.calls} calls in 5 min for ${ATTACK.objects} objects one after the other, ${ATTACK.missing * 100} % answered 404, large answers; usual are ${USUAL.calls} calls. The frog comes ${STEP * 100} % nearer with each of ${RETRAININGS} trainings and stays.`,
  `Found: the final model scores the window ${FOUND_SCORE} or more, one ordinary window in a thousand. Flagged: an anomaly at the default budget, p = 0.0001 here; that far out a model of so few rows is a matter of chance, as the row without poison shows.`,
  'Aimed at: 0.95 found after the scenarios with five identities, 0.85 after the one with four hundred, in known users and newcomers.',
  '"None" and "cap" still have what training does by itself: no entity weighs more than ten windows, the most unusual 2 % are left out. Where they agree to the digit the cap was not reached: an identity has one row in five minutes, however much it calls.',
  'The poisoners themselves have made the attack their habit, which excuses all but failed access.',
];

async function outcomeOf(scenario: Scenario, defences: Defences, seed: number): Promise<string[]> {
  const service = new PoisonedService(seed, defences);
  const random = new Random(seed, 1);
  for (let day = 0; day < CLEAN_DAYS; day++) {
    for (let window = 0; window < WINDOWS; window++) service.live(day, window, ordinary(random, ORDINARY));
  }
  await service.train();
  const before = service.outcomes.length;
  const lastDay = CLEAN_DAYS + scenario.days;
  for (let day = CLEAN_DAYS; day < lastDay; day++) {
    const strength = scenario.isGradual ? Math.min(1, STEP * (day - CLEAN_DAYS + 1)) : 1;
    for (let window = 0; window < WINDOWS; window++) {
      service.live(day, window, poisoned(random, scenario, strength));
    }
    if (scenario.isGradual || day === lastDay - 1) await service.train();
  }
  const known = probe(service, random, lastDay, (index) => index % USERS);
  const newcomers = probe(service, random, lastDay + 1, (index) => NEWCOMER + index);
  const poisoners = probe(service, random, lastDay + 2, (index) => ATTACKER + (index % scenario.attackers));
  const outcomes = service.outcomes.slice(before);
  return [
    share(known, isFound),
    share(newcomers, isFound),
    scenario.share === 0 ? '' : share(poisoners, isFound),
    share([...known, ...newcomers], ({ isFlagged }) => isFlagged),
    `${outcomes.filter((outcome) => outcome === 'promoted').length} of ${outcomes.length}`,
  ];
}

const isFound = ({ score }: Finding): boolean => score >= FOUND_SCORE;

const share = (findings: readonly Finding[], test: (finding: Finding) => boolean): string =>
  (findings.filter(test).length / findings.length).toFixed(2);

/** A window of a day under attack. An identity has one row in it: where few are to fill a large share, fewer others are there. */
function poisoned(random: Random, scenario: Scenario, strength: number): Activity[] {
  const { attackers, share: poison } = scenario;
  const others = poison === 0 ? ORDINARY : Math.min(ORDINARY, Math.round((attackers * (1 - poison)) / poison));
  const expected = (others * poison) / (1 - poison);
  const count = Math.floor(expected) + (random.fraction() < expected % 1 ? 1 : 0);
  const first = random.below(attackers);
  const poisoners = Array.from({ length: count }, (_, index) => ATTACKER + ((first + index) % attackers));
  return [...ordinary(random, others), ...poisoners.map((user) => activityOf(random, user, strength))];
}

/** The attack by so many users. */
const probe = (service: PoisonedService, random: Random, day: number, userOf: (index: number) => number): Finding[] =>
  Array.from({ length: PROBES }, (_, index) =>
    service.observe(day, index % WINDOWS, activityOf(random, userOf(index), 1)),
  );

const ordinary = (random: Random, count: number): Activity[] =>
  Array.from({ length: count }, () => activityOf(random, random.below(USERS), 0));

/** `strength`: 0 as is usual, 1 the attack; geometrically in between. Everybody has a network of their own. */
function activityOf(random: Random, user: number, strength: number): Activity {
  const between = (what: keyof typeof ATTACK) => USUAL[what] * (ATTACK[what] / USUAL[what]) ** strength;
  // Habits differ from user to user, the attack does not.
  const habit = 0.5 * Math.sin(user * 12.9898) * (1 - strength);
  const spread = Math.exp(habit + gauss(random) * 0.4 * (1 - strength / 2));
  return {
    user,
    network: user + 1,
    calls: Math.max(1, Math.round(between('calls') * spread)),
    objects: Math.round(between('objects') * spread),
    bytes: between('bytes'),
    missing: between('missing'),
  };
}
