import type { Random } from '../../processor/src/simulation/random.ts';
import type { WebRequest } from './web-request.ts';

/** What a client asks for and gets: a request without its time and sender. */
export type Answer = Pick<WebRequest, 'method' | 'target' | 'status' | 'responseBytes'>;

/** How many of the largest files are worth stealing, and of the most asked for pages worth flooding. */
const LARGEST = 40;
const MOST_POPULAR = 20;

/** Hosts that are called busy: those with the most requests. */
const BUSIEST = 100;

/** A web site as its access log shows it: what is there, how large it is, who comes. */
export class WebSite {
  /** All files that were served without a query, sorted by name. */
  readonly files: readonly string[];
  readonly largeFiles: readonly string[];
  readonly popularFiles: readonly string[];
  /** Where most files are called by a number of the same width, such as `/images/KSC-95EC-` + `0443` + `.gif`. */
  readonly numbered: {
    readonly before: string;
    readonly first: number;
    readonly width: number;
    readonly after: string;
  };
  readonly hosts: ReadonlySet<string>;

  readonly #sizes = new Map<string, number>();
  readonly #missingBytes: number;
  readonly #requests: readonly WebRequest[];
  readonly #byHost: ReadonlyMap<string, readonly WebRequest[]>;
  readonly #busiest: readonly string[];

  constructor(requests: readonly WebRequest[]) {
    const popularity = new Map<string, number>();
    for (const { method, target, status, responseBytes } of requests) {
      if (method !== 'GET' || status !== 200 || target.includes('?')) continue;
      this.#sizes.set(target, Math.max(responseBytes, this.#sizes.get(target) ?? 0));
      popularity.set(target, (popularity.get(target) ?? 0) + 1);
    }
    this.files = [...this.#sizes.keys()].toSorted();
    this.largeFiles = largest(this.files, this.#sizes, LARGEST);
    this.popularFiles = largest(this.files, popularity, MOST_POPULAR);
    this.numbered = mostNumbered(this.files);
    this.#missingBytes = requests.find(({ status }) => status === 404)?.responseBytes ?? 0;
    this.#requests = requests;
    this.#byHost = Map.groupBy(requests, ({ address }) => address);
    this.hosts = new Set(this.#byHost.keys());
    const visits = new Map(Array.from(this.#byHost, ([host, own]) => [host, own.length]));
    this.#busiest = largest([...this.hosts], visits, BUSIEST);
  }

  /** The answer to a GET: the file where there is one, else 404. */
  get(target: string): Answer {
    const size = this.#sizes.get(target);
    return size === undefined ? this.refuse(404, target) : { method: 'GET', target, status: 200, responseBytes: size };
  }

  /** An answer without content, as large as the site's are when there is nothing to be had. */
  refuse(status: number, target: string, method = 'GET'): Answer {
    return { method, target, status, responseBytes: this.#missingBytes };
  }

  /** An endless supply of what real clients asked for: each one's requests in their order, then another's. */
  *visits(random: Random): Generator<Answer, never, void> {
    for (;;) {
      // By request, not by host: who asks much is copied more.
      for (const request of this.#byHost.get(random.pick(this.#requests).address)!) {
        const { method, target, status, responseBytes } = request;
        yield { method, target, status, responseBytes };
      }
    }
  }

  /** One of the busiest hosts that come in [fromMs, untilMs), or of all busy ones when none does. */
  busyHost(fromMs: number, untilMs: number, random: Random): string {
    const present = this.#busiest.filter((host) =>
      this.#byHost.get(host)!.some(({ timeMs }) => timeMs >= fromMs && timeMs < untilMs),
    );
    return random.pick(present.length > 0 ? present : this.#busiest);
  }
}

/** The `count` names with the largest values, the first of equal ones first. */
function largest(names: readonly string[], values: ReadonlyMap<string, number>, count: number): string[] {
  return names.toSorted((a, b) => values.get(b)! - values.get(a)!).slice(0, count);
}

function mostNumbered(files: readonly string[]): WebSite['numbered'] {
  const series = new Map<string, { count: number; numbered: WebSite['numbered'] }>();
  for (const file of files) {
    const [, before, digits, after] = /^(.*\D)(\d{3,})(\D*)$/.exec(file) ?? [];
    if (before === undefined || digits === undefined || after === undefined) continue;
    const width = digits.length;
    const key = `${before}${width}${after}`;
    // Files are sorted: the first of a series has its lowest number.
    const known = series.get(key) ?? { count: 0, numbered: { before, first: Number(digits), width, after } };
    series.set(key, { ...known, count: known.count + 1 });
  }
  let best = { count: 0, numbered: { before: '/item/', first: 1000, width: 4, after: '' } };
  for (const candidate of series.values()) if (candidate.count > best.count) best = candidate;
  return best.numbered;
}
