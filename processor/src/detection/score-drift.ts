/**
 * Population stability index of present scores against those at training. Calibration makes the rarity p of a normal
 * window uniform, so a tenth of the windows falls into each tenth of p: what is expected needs no storing.
 */
const TENTHS = 10;
/** Windows over which the present is averaged; older ones fade. */
const HORIZON_WINDOWS = 2000;
/** Fewer windows say nothing: the index of n windows in ten bins is about 10 / n by chance alone. */
const LEAST_WINDOWS = 200;
/** Keeps an empty tenth finite. */
const LEAST_SHARE = 0.001;

export class ScoreDrift {
  readonly #counts = new Float64Array(TENTHS);
  #total = 0;

  /** Takes note of the rarity, -ln p in nats, that a window ended with. */
  note(rarity: number): void {
    const tenth = Math.min(TENTHS - 1, Math.floor(Math.exp(-rarity) * TENTHS));
    this.#counts[tenth]!++;
    if (++this.#total < 2 * HORIZON_WINDOWS) return;
    for (let index = 0; index < TENTHS; index++) this.#counts[index]! /= 2;
    this.#total /= 2;
  }

  /** Begins anew: another model has another calibration. */
  restart(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }

  /** Sum of (share - 1/10) ln(10 x share); above 0.25 is a shift. NaN while too little has been seen. */
  get index(): number {
    if (this.#total < LEAST_WINDOWS) return Number.NaN;
    return this.#counts.reduce((sum, count) => {
      const share = Math.max(LEAST_SHARE, count / this.#total);
      return sum + (share - 1 / TENTHS) * Math.log(share * TENTHS);
    }, 0);
  }
}
