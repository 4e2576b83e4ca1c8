/** Tables of what became of attacks, kind by kind. */
import { INTENSITIES } from '../../processor/src/simulation/attacks.ts';
import type { EpisodeOutcome } from './episode-outcome.ts';
import type { Table } from './evaluation-section.ts';
import { median } from './mean-estimate.ts';
import { durationText, shareText } from './number-text.ts';

export interface EpisodeCounts {
  readonly episodes: number;
  readonly found: number;
  /** Found ones that most of whose anomalies have the behavior's name. */
  readonly named: number;
  /** Of the found ones; NaN without any. */
  readonly medianDelaySeconds: number;
}

export function countEpisodes(episodes: readonly EpisodeOutcome[]): EpisodeCounts {
  const found = episodes.filter(({ isFound }) => isFound);
  return {
    episodes: episodes.length,
    found: found.length,
    named: found.filter(({ behavior, named }) => named === behavior).length,
    medianDelaySeconds: median(found.map(({ delaySeconds }) => delaySeconds)),
  };
}

/** One row a kind and intensity, in the order of the first of each kind; `kinds`: only these. */
export function episodeTable(episodes: readonly EpisodeOutcome[]): Table {
  const rows = [...Map.groupBy(episodes, ({ kind }) => kind)].flatMap(([kind, ofKind]) =>
    INTENSITIES.flatMap((intensity) => {
      const own = ofKind.filter((episode) => episode.intensity === intensity);
      if (own.length === 0) return [];
      const { found, named, medianDelaySeconds } = countEpisodes(own);
      return [
        [
          kind,
          intensity,
          shareText(found, own.length),
          shareText(named, found),
          wrongNames(own),
          durationText(medianDelaySeconds),
        ],
      ];
    }),
  );
  return { columns: ['', 'intensity', 'found', 'named right', 'other names', 'median time to detect'], rows };
}

/** The names that found ones were given by mistake, the most frequent two. */
function wrongNames(episodes: readonly EpisodeOutcome[]): string {
  const wrong = episodes.filter(({ isFound, behavior, named }) => isFound && named !== behavior);
  const names = [...Map.groupBy(wrong, ({ named }) => named ?? 'none')].toSorted(([, a], [, b]) => b.length - a.length);
  return names
    .slice(0, 2)
    .map(([name, own]) => `${name} ${own.length}`)
    .join(', ');
}
