/** Items in order of time, the earliest first; items of equal time leave in the order they came. A binary heap. */
export class TimeQueue<T> {
  readonly #times: number[] = [];
  readonly #orders: number[] = [];
  readonly #items: T[] = [];
  #arrivals = 0;

  get length(): number {
    return this.#items.length;
  }

  /** Time of the earliest item; Infinity when there is none. */
  get earliest(): number {
    return this.#times[0] ?? Number.POSITIVE_INFINITY;
  }

  push(time: number, item: T): void {
    const order = this.#arrivals++;
    let place = this.#items.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isBefore(time, order, parent)) break;
      this.#move(parent, place);
      place = parent;
    }
    this.#put(place, time, order, item);
  }

  /** Removes and returns the earliest item; undefined when there is none. */
  pop(): T | undefined {
    const first = this.#items[0];
    const time = this.#times.pop();
    const order = this.#orders.pop() as number;
    const item = this.#items.pop() as T;
    const length = this.#items.length;
    if (time === undefined || length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= length) break;
      if (child + 1 < length && this.#isBefore(this.#times[child + 1]!, this.#orders[child + 1]!, child)) child++;
      if (this.#isBefore(time, order, child)) break;
      this.#move(child, place);
      place = child;
    }
    this.#put(place, time, order, item);
    return first;
  }

  #isBefore(time: number, order: number, place: number): boolean {
    const other = this.#times[place]!;
    return time < other || (time === other && order < this.#orders[place]!);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#times[from]!, this.#orders[from]!, this.#items[from]!);
  }

  #put(place: number, time: number, order: number, item: T): void {
    this.#times[place] = time;
    this.#orders[place] = order;
    this.#items[place] = item;
  }
}
