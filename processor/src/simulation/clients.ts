import type { Random } from './random.ts';

const DAY_MS = 86_400_000;

/** A way to reach the shop, with its share among devices. `%v` is the version that updates itself. */
const DEVICES = [
  {
    name: 'chrome-windows',
    share: 0.27,
    isMobile: false,
    agent:
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%v.0.0.0 Safari/537.36',
  },
  {
    name: 'chrome-mac',
    share: 0.08,
    isMobile: false,
    agent:
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%v.0.0.0 Safari/537.36',
  },
  {
    name: 'edge-windows',
    share: 0.08,
    isMobile: false,
    agent:
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%v.0.0.0 Safari/537.36 Edg/%v.0.0.0',
  },
  {
    name: 'firefox',
    share: 0.07,
    isMobile: false,
    agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:%v.0) Gecko/20100101 Firefox/%v.0',
  },
  {
    name: 'chrome-android',
    share: 0.2,
    isMobile: true,
    agent:
      'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%v.0.0.0 Mobile Safari/537.36',
  },
  { name: 'shop-android', share: 0.12, isMobile: true, agent: 'ShopApp/5.%v.1 (Android 14; Pixel 7) okhttp/4.12.0' },
  {
    name: 'shop-ios',
    share: 0.18,
    isMobile: true,
    agent: 'ShopApp/5.%v.0 (iPhone; iOS 18.2; Scale/3.00) Darwin/24.2.0',
  },
] as const;

/** The agent of an app after it was rewritten on another HTTP client: new words, not only new numbers. */
const REWRITTEN_APP = 'Shop/6.%v (%d) ktor-client';

/** Clients of attackers' tools: nothing a shopper would use. */
export const TOOL_AGENTS = [
  'python-requests/2.32.3',
  'curl/8.11.0',
  'Go-http-client/2.0',
  'axios/1.7.9',
  'Scrapy/2.12.0 (+https://scrapy.org)',
] as const;

/** A change of all clients of one device at their next session after `fromMs` plus a personal delay. */
export interface AgentRewrite {
  readonly fromMs: number;
  readonly delayMs: number;
}

/** A device of one user: a browser or app that updates itself every four weeks, each with a lag of its own. */
export class Device {
  readonly isMobile: boolean;
  readonly #name: string;
  readonly #agent: string;
  readonly #updateLagMs: number;
  readonly #rewriteLag: number;

  constructor(kind: (typeof DEVICES)[number], random: Random) {
    this.isMobile = kind.isMobile;
    this.#name = kind.name;
    this.#agent = kind.agent;
    this.#updateLagMs = random.exponential(4 * DAY_MS);
    this.#rewriteLag = random.uniform();
  }

  /** A device for the road or for the desk, by the shares of the table. */
  static draw(random: Random, isMobile: boolean): Device {
    const kinds = DEVICES.filter((kind) => kind.isMobile === isMobile);
    return new Device(kinds[random.weighted(kinds.map((kind) => kind.share))]!, random);
  }

  /** User agent at a time (Unix ms). `rewrite`: the rewrite of the apps, if this world has one. */
  agentAt(timeMs: number, rewrite: AgentRewrite | undefined): string {
    const version = String(Math.floor((timeMs - this.#updateLagMs) / (28 * DAY_MS)) - 583);
    const isApp = this.#name.startsWith('shop-');
    if (isApp && rewrite !== undefined && timeMs >= rewrite.fromMs + this.#rewriteLag * rewrite.delayMs) {
      return REWRITTEN_APP.replace('%v', version).replace('%d', this.#name === 'shop-ios' ? 'iOS' : 'Android');
    }
    return this.#agent.replaceAll('%v', version);
  }
}
