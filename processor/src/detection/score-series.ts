/** The course of an incident in few numbers: the highest score of each window of five minutes, for a sparkline. */

/** Windows of a series, and their length in seconds. */
const SERIES = 48;
const SERIES_SECONDS = 300;

/**
 * Takes the score of an anomaly into the series, whose last window is that of `lastSeconds`, the latest anomaly before.
 * The oldest windows give way. A late anomaly counts for its own window, if that is still in the series.
 */
export function noteScore(series: number[], lastSeconds: number, seconds: number, score: number): void {
  const [lastWindow, window] = [windowOf(lastSeconds), windowOf(seconds)];
  for (let next = lastWindow + 1; next <= window; next++) series.push(0);
  if (series.length === 0) series.push(0);
  series.splice(0, series.length - SERIES);
  const place = series.length - 1 - Math.max(0, lastWindow - window);
  if (place >= 0) series[place] = Math.max(series[place]!, score);
}

const windowOf = (seconds: number): number => Math.floor(seconds / SERIES_SECONDS);
