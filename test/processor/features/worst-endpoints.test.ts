import { WINDOW_COUNTS, WorstEndpoints } from '../../../processor/src/features/worst-endpoints.ts';

/** What an endpoint counted: so many of a hundred calls failed, and the durations of the others deviate by so much in all. */
const counts = (failed: number, slowness = 0): Float64Array => Float64Array.of(100, failed, 100 - failed, slowness, 0);

/** Endpoints 1, 2, 3 and so on, of which so many calls failed. */
function endpointsWith(...failed: readonly number[]): WorstEndpoints {
  const worst = new WorstEndpoints();
  for (const [place, failures] of failed.entries()) worst.rank(place + 1, counts(failures));
  return worst;
}

const failedBeside = (worst: WorstEndpoints, endpoint: number): number => worst.othersOf(endpoint)[1]!;

describe('the others of an endpoint', () => {
  it('are those that come after the three worst', () => {
    expect(failedBeside(endpointsWith(90, 80, 70, 60, 50, 40), 9)).toBe(60 + 50 + 40);
    expect(failedBeside(endpointsWith(40, 60, 90, 50, 80, 70), 9)).toBe(60 + 50 + 40);
  });

  it('are not the endpoint itself, be it one of the worst or not', () => {
    const worst = endpointsWith(90, 80, 70, 60, 50, 40);
    expect(failedBeside(worst, 1)).toBe(50 + 40);
    expect(failedBeside(worst, 5)).toBe(60 + 40);
  });

  it('are none where only three others have anything', () => {
    expect([...endpointsWith(90, 80, 70, 60, 0, 0).othersOf(1)]).toEqual(Array<number>(WINDOW_COUNTS).fill(0));
  });

  it('go by failures and by slowness', () => {
    const worst = new WorstEndpoints();
    for (const endpoint of [1, 2, 3]) worst.rank(endpoint, counts(10));
    worst.rank(4, counts(1));
    worst.rank(5, counts(0, 61));
    expect([...worst.othersOf(5)]).toEqual([...counts(1)]);
    expect(worst.othersOf(4)[3]).toBe(0);
    worst.rank(6, counts(0, 62));
    expect(worst.othersOf(9)[1]).toBe(10 + 10 + 1);
  });
});

describe('a place among the worst', () => {
  it('is taken from the least bad one, by one that is worse', () => {
    const worst = endpointsWith(90, 80, 70, 60, 50, 40);
    worst.rank(7, counts(40));
    expect(failedBeside(worst, 9)).toBe(60 + 50 + 40);
    worst.rank(7, counts(41));
    expect(failedBeside(worst, 9)).toBe(60 + 50 + 41);
  });

  it('changes as an endpoint counts on, and it is there once', () => {
    const worst = endpointsWith(90, 80, 70, 60, 50, 40);
    for (let failed = 40; failed <= 100; failed++) worst.rank(6, counts(failed));
    expect(failedBeside(worst, 9)).toBe(70 + 60 + 50);
    expect(failedBeside(worst, 6)).toBe(60 + 50);
  });

  it('changes as an endpoint gets well', () => {
    const worst = endpointsWith(90, 80, 70, 60, 50, 40);
    worst.rank(1, counts(0, 1));
    expect(failedBeside(worst, 9)).toBe(50 + 40);
    worst.rank(7, counts(30));
    expect(failedBeside(worst, 9)).toBe(50 + 40 + 30);
  });

  it('is lost with the window', () => {
    const worst = endpointsWith(90, 80, 70, 60, 50, 40);
    worst.begin(8);
    expect(worst.window).toBe(8);
    expect(failedBeside(worst, 9)).toBe(0);
  });
});

it('is put back from a snapshot', () => {
  const restored = new WorstEndpoints();
  const snapshot = endpointsWith(90, 80, 70, 60, 50, 40).snapshot();
  expect(snapshot).toHaveLength(WorstEndpoints.SNAPSHOT_LENGTH);
  restored.restore(snapshot);
  expect(failedBeside(restored, 2)).toBe(50 + 40);
  restored.restore([]);
  expect(restored.window).toBe(0);
});
