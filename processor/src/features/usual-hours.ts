/** When somebody is usually active: counts of active windows by the hour of the week, and how odd an hour is by them. */
const HOURS = 24;
const WEEK_HOURS = 168;
/** Gaussian kernel of 2 h, for distances of 0 to 4 hours. */
const KERNEL = [0, 1, 2, 3, 4].map((hours) => Math.exp((-hours * hours) / (2 * 2 * 2)));
const KERNEL_SUM = KERNEL.reduce((sum, weight) => sum + 2 * weight, -KERNEL[0]!);
/** Weight of everybody's hours of the day against the user's own windows. */
const HOUR_PRIOR = 10;
/** Weight of the user's own hours of the day, on days as everybody's, against its windows by the hour of the week. */
const WEEK_PRIOR = 30;

/** Shares of everybody's windows. */
export interface EverybodysHours {
  readonly knowsTheWeek: boolean;
  hourShare(hour: number): number;
  weekHourShare(hour: number): number;
}

/** Hour of the day, UTC, 0 to 23. */
export const hourOf = (seconds: number): number => Math.floor(seconds / 3600) % HOURS;

/** Hour of the week, UTC, 0 (Monday, 0 h) to 167. 1 January 1970 was a Thursday. */
export const hourOfWeek = (seconds: number): number => (Math.floor(seconds / 3600) + 72) % WEEK_HOURS;

/** Windows near an hour of the day on any day, smoothed over 2 h. `counts`: 168, by the hour of the week. */
export function nearHour(counts: ArrayLike<number>, hour: number): number {
  let near = 0;
  for (let distance = -4; distance <= 4; distance++) {
    const weight = KERNEL[Math.abs(distance)]!;
    const other = (hour + distance + HOURS) % HOURS;
    for (let slot = other; slot < WEEK_HOURS; slot += HOURS) near += weight * counts[slot]!;
  }
  return near / KERNEL_SUM;
}

/** Windows near an hour of the week, smoothed over 2 h. `counts`: 168, by the hour of the week. */
export function nearHourOfWeek(counts: ArrayLike<number>, hour: number): number {
  let near = 0;
  for (let distance = -4; distance <= 4; distance++) {
    near += KERNEL[Math.abs(distance)]! * counts[(hour + distance + WEEK_HOURS) % WEEK_HOURS]!;
  }
  return near / KERNEL_SUM;
}

/**
 * How much rarer this hour is for somebody with these 168 counts than for everybody, in nats, at least 0: the hour of the
 * day at first, and once everybody's week is known the hour of the week, as far as there are windows enough to tell days apart.
 */
export function hourSurprisal(counts: ArrayLike<number>, seconds: number, everybody: EverybodysHours): number {
  const hour = hourOf(seconds);
  let windows = 0;
  for (let slot = 0; slot < WEEK_HOURS; slot++) windows += counts[slot]!;
  const usual = everybody.hourShare(hour);
  const own = (nearHour(counts, hour) + HOUR_PRIOR * usual) / (windows + HOUR_PRIOR);
  if (!everybody.knowsTheWeek) return Math.max(0, Math.log(usual / own));
  const slot = hourOfWeek(seconds);
  const usualInWeek = everybody.weekHourShare(slot);
  const expected = (own * usualInWeek) / usual;
  const ownInWeek = (nearHourOfWeek(counts, slot) + WEEK_PRIOR * expected) / (windows + WEEK_PRIOR);
  return Math.max(0, Math.log(usualInWeek / ownInWeek));
}
