import { itWithReferenceData } from '../support/reference-data.ts';
import { nasaOutcome } from './nasa-outcome.ts';
import { NASA_FILE } from './nasa-traffic.ts';

// Nobody else writes to this site: whoever counts POST requests cannot be wrong about who tries passwords.
itWithReferenceData(
  'the single rule finds login brute force without a false alarm',
  NASA_FILE[0],
  async () => {
    const { singleRule } = await nasaOutcome({ seed: 101 });
    expect(singleRule['plain']).toMatchObject({ falsePositivesAtRecall50: 0, falsePositivesAtRecall80: 0 });
    expect(singleRule['disguised']).toMatchObject({ falsePositivesAtRecall50: 0 });
  },
  120_000,
);
