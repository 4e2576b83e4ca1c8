/**
 * The only source of chance of a simulation: a seeded generator, the same on every platform.
 * Chris Doty-Humphrey's sfc32 (PractRand), 128 bits of state; seeded with FNV-1a over the words and labels given.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  #spareNormal = Number.NaN;

  /** `seed`: numbers and labels; the same list gives the same sequence, another list an independent one. */
  constructor(...seed: readonly (number | string)[]) {
    let hash = 0x811c9dc5;
    for (const part of seed) {
      const text = `${part};`;
      for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    }
    this.#a = hash;
    this.#b = Math.imul(hash, 0x9e3779b1) ^ 0x85ebca6b;
    this.#c = Math.imul(hash ^ 0xc2b2ae35, 0x27d4eb2f);
    for (let i = 0; i < 15; i++) this.word();
  }

  /** The next 32 bits, as an unsigned integer. */
  word(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + result;
    this.#c |= 0;
    return result >>> 0;
  }

  /** Uniform in the open interval (0, 1): its logarithm is always finite. */
  uniform(): number {
    return (this.word() + 0.5) * 2 ** -32;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** Uniform integer in [0, count). */
  integer(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** Standard normal (Box and Muller 1958). */
  normal(): number {
    if (!Number.isNaN(this.#spareNormal)) {
      const spare = this.#spareNormal;
      this.#spareNormal = Number.NaN;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** Log-normal with this median; `spread` is the standard deviation of the logarithm. */
  logNormal(median: number, spread: number): number {
    return median * Math.exp(spread * this.normal());
  }

  /** Exponential with this mean. */
  exponential(mean: number): number {
    return -mean * Math.log(this.uniform());
  }

  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.integer(items.length)] as T;
  }

  /** Index drawn in proportion to `weights`; they need not add up to one. */
  weighted(weights: readonly number[]): number {
    let left = 0;
    for (const weight of weights) left += weight;
    left *= this.uniform();
    for (let i = 0; i < weights.length - 1; i++) {
      left -= weights[i] as number;
      if (left < 0) return i;
    }
    return weights.length - 1;
  }

  /** `words` times 32 random bits as lower-case hexadecimal, eight digits a word. */
  hex(words: number): string {
    let text = '';
    for (let i = 0; i < words; i++) text += HEX[this.word() & 0xffff]! + HEX[this.word() & 0xffff]!;
    return text;
  }
}

/** All 16-bit values in hexadecimal: ids are made for every span, and a table is several times faster than toString. */
const HEX = Array.from({ length: 0x10000 }, (_, value) => value.toString(16).padStart(4, '0'));
