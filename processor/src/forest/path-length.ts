/** Euler's constant, the limit of H(n) - ln n. */
const EULER_GAMMA = 0.5772156649015329;

/**
 * Average path length c(n) of an unsuccessful search in a binary search tree of `sampleCount` rows: what a leaf that was
 * not split further still hides. Liu et al. 2008, eq. 1, with c(2) = 1 as in scikit-learn (the paper's formula, whose
 * logarithm stands for a harmonic number, gives 0.1544 there).
 */
export function averagePathLength(sampleCount: number): number {
  if (sampleCount <= 1) return 0;
  if (sampleCount === 2) return 1;
  return 2 * (Math.log(sampleCount - 1) + EULER_GAMMA) - (2 * (sampleCount - 1)) / sampleCount;
}

/**
 * Anomaly score in (0, 1]: 0.5 where the path is as long as expected, towards 1 the shorter it is. Liu et al. 2008,
 * eq. 2. A forest over single rows expects a path of length 0 and tells nothing: 0.5.
 */
export function isolationScore(pathLength: number, expectedPathLength: number): number {
  return expectedPathLength === 0 ? 0.5 : 2 ** (-pathLength / expectedPathLength);
}
