import { createHash } from 'node:crypto';
import { Replay } from '../../processor/src/replay/replay.ts';
import { createWorld, type WorldOptions } from '../../processor/src/simulation/world.ts';
import { EVALUATED_CONFIG, labelledBatches } from './simulated-world.ts';

/** Scored spans at which the mean score since the mark before is noted. */
const MARKS = [1000, 3000, 10_000, 30_000, 100_000, 300_000] as const;
const HOUR = 3600;

/** What the service makes of a world in which nothing is wrong, from its first span on. */
export interface OrdinaryOutcome {
  readonly seed: number;
  readonly days: number;
  readonly scored: number;
  readonly learning: number;
  readonly flagged: number;
  readonly incidents: number;
  /** Spans flagged within an hour of event time of the first span, and of the first one that was scored. */
  readonly flaggedInFirstHour: number;
  readonly flaggedInFirstScoredHour: number;
  /** Mean score of the spans up to each mark that was reached, since the one before. */
  readonly meanScores: readonly { readonly upTo: number; readonly mean: number }[];
  /** SHA-256 of all annotated requests. */
  readonly digest: string;
}

/** Learns, judges and trains anew as serving does. */
export async function ordinaryOutcome(options: WorldOptions): Promise<OrdinaryOutcome> {
  const world = createWorld(options);
  const bounds = { from: world.startMs / 1000, to: world.endMs / 1000 };
  const meanScores: { upTo: number; mean: number }[] = [];
  const digest = createHash('sha256');
  let [scored, flagged, incidents, flaggedInFirstHour, flaggedInFirstScoredHour] = [0, 0, 0, 0, 0];
  let firstScored = Infinity;
  let [sum, summed] = [0, 0];
  const replay = new Replay({
    config: EVALUATED_CONFIG,
    learning: 'as_served',
    bounds,
    listener: {
      call: ({ startSeconds }, _span, judgement) => {
        if (judgement === undefined) return;
        scored++;
        firstScored = Math.min(firstScored, startSeconds);
        sum += judgement.score;
        summed++;
        if (scored === MARKS[meanScores.length]) {
          meanScores.push({ upTo: scored, mean: sum / summed });
          [sum, summed] = [0, 0];
        }
        if (!judgement.isAnomaly) return;
        flagged++;
        if (startSeconds < bounds.from + HOUR) flaggedInFirstHour++;
        if (startSeconds < firstScored + HOUR) flaggedInFirstScoredHour++;
      },
      opened: () => void incidents++,
    },
  });
  for (const { body } of labelledBatches(world)) digest.update(await replay.annotated(body));
  replay.finish();
  return {
    seed: options.seed,
    days: options.days,
    scored,
    flagged,
    incidents,
    flaggedInFirstHour,
    flaggedInFirstScoredHour,
    meanScores,
    learning: replay.tally.learning,
    digest: digest.digest('hex'),
  };
}
