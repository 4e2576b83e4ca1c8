/** The requests kept of an incident: the first, which show how it began, and the most unusual, which show what it was. */

/** One anomalous request. No path, no address, no raw id. */
export interface KeptRequest {
  /** Event time, unix seconds. */
  readonly seconds: number;
  /** Id of the endpoint. */
  readonly endpoint: number;
  /** Hex; empty where the span had none. */
  readonly traceId: string;
  readonly spanId: string;
  /** HTTP status or what stands for it; 0 when unknown. */
  readonly statusCode: number;
  /** NaN when unknown. */
  readonly durationSeconds: number;
  /** 0..1. */
  readonly score: number;
  /** Nats. */
  readonly evidence: number;
  /** The caller's pseudonym; 0, 0 for none. */
  readonly userHigh: number;
  readonly userLow: number;
}

const FIRST = 50;
const UNUSUAL = 50;
/** Of the first, those that are kept however many incidents are open. */
const ALWAYS = 3;

/** Room for requests that all open incidents share. */
export class RequestRoom {
  #left: number;

  constructor(requests: number) {
    this.#left = requests;
  }

  take(): boolean {
    if (this.#left <= 0) return false;
    this.#left--;
    return true;
  }

  giveBack(requests: number): void {
    this.#left += requests;
  }
}

export class KeptRequests {
  readonly #room: RequestRoom;
  readonly #first: KeptRequest[] = [];
  readonly #unusual: KeptRequest[] = [];
  /** Place of the least unusual of the unusual ones. */
  #least = 0;
  #taken = 0;

  constructor(room: RequestRoom) {
    this.#room = room;
  }

  /** Takes a request if it is one to keep; `make` is called only then. `evidence`: the request's, nats. */
  offer(evidence: number, make: () => KeptRequest): void {
    if (this.#first.length < ALWAYS) this.#first.push(make());
    else if (this.#first.length < FIRST && this.#takeRoom()) this.#first.push(make());
    else if (this.#unusual.length < UNUSUAL && this.#takeRoom()) this.#addUnusual(make());
    else this.#replaceLeast(evidence, make);
  }

  /** In order of time. */
  list(): KeptRequest[] {
    return [...this.#first, ...this.#unusual].toSorted((one, other) => one.seconds - other.seconds);
  }

  /** Forgets the requests of a user who is erased. */
  forgetUser(high: number, low: number): void {
    for (const kept of [this.#first, this.#unusual]) {
      const others = kept.filter(({ userHigh, userLow }) => userHigh !== high || userLow !== low);
      kept.splice(0, kept.length, ...others);
    }
    this.#findLeast();
  }

  /** A user goes by another pseudonym. */
  renameUser(formerHigh: number, formerLow: number, high: number, low: number): void {
    for (const kept of [this.#first, this.#unusual]) {
      kept.forEach((request, place) => {
        if (request.userHigh !== formerHigh || request.userLow !== formerLow) return;
        kept[place] = { ...request, userHigh: high, userLow: low };
      });
    }
  }

  /** The incident is over: others may use the room. */
  release(): void {
    this.#room.giveBack(this.#taken);
    this.#taken = 0;
  }

  #takeRoom(): boolean {
    if (!this.#room.take()) return false;
    this.#taken++;
    return true;
  }

  #addUnusual(request: KeptRequest): void {
    this.#unusual.push(request);
    if (request.evidence < this.#unusual[this.#least]!.evidence) this.#least = this.#unusual.length - 1;
  }

  #replaceLeast(evidence: number, make: () => KeptRequest): void {
    const least = this.#unusual[this.#least];
    if (least === undefined || evidence <= least.evidence) return;
    this.#unusual[this.#least] = make();
    this.#findLeast();
  }

  #findLeast(): void {
    this.#least = 0;
    this.#unusual.forEach(({ evidence }, place) => {
      if (evidence < this.#unusual[this.#least]!.evidence) this.#least = place;
    });
  }
}
