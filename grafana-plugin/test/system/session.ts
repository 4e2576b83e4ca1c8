/** A browser before the harness: pages of their own, pictures, and what each story came to. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { Grafana } from './grafana.ts';
import { pageOf, type PageSettings } from './page.ts';

const SHOTS = path.join(import.meta.dirname, '../../artifacts/screenshots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const LEVELS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const VIEWPORT = { width: 1216, height: 800 };
/** What a browser says of every answer that is an error; the page deals with it. */
export const FAILED_ANSWER = /Failed to load resource/;

interface Violation {
  readonly id: string;
  readonly nodes: ReadonlyArray<{ readonly html: string }>;
}

export class Session {
  readonly grafana: Grafana;
  failed = 0;
  readonly #only = process.argv[2] === undefined ? undefined : new RegExp(process.argv[2]);
  readonly #base: string;
  readonly #browser: Browser;

  static async start(grafana: Grafana): Promise<Session> {
    mkdirSync(SHOTS, { recursive: true });
    const browser = await chromium.launch({
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      args: ['--headless', '--no-sandbox', '--disable-gpu'],
    });
    return new Session(grafana, await grafana.start(), browser);
  }

  private constructor(grafana: Grafana, base: string, browser: Browser) {
    this.grafana = grafana;
    this.#base = base;
    this.#browser = browser;
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    this.grafana.stop();
  }

  /** Tells one story; a failed one is counted, and the others go on. */
  async story(name: string, tell: () => Promise<void>): Promise<void> {
    if (this.#only?.test(name) === false) {
      return;
    }
    try {
      await tell();
      process.stdout.write(`ok      ${name}\n`);
    } catch (error) {
      this.failed += 1;
      process.stdout.write(`FAILED  ${name}: ${(error as Error).message}\n`);
    }
  }

  /** Opens a page of its own, and fails on anything its console calls an error but `expected`. */
  async visit(
    settings: PageSettings,
    place: string,
    act: (page: Page) => Promise<void>,
    expected = /^$/,
  ): Promise<void> {
    const page = await this.#browser.newPage({ viewport: VIEWPORT });
    const errors: string[] = [];
    page.on('console', (message) => void (message.type() === 'error' && errors.push(message.text())));
    page.on('pageerror', (error) => errors.push(error.message));
    try {
      await page.goto(`${this.#base}${pageOf(settings)}${place}`);
      await act(page);
      assert.deepEqual(
        errors.filter((error) => !expected.test(error)),
        [],
      );
    } catch (error) {
      await page.screenshot({ path: path.join(SHOTS, 'failed.png') });
      throw error;
    } finally {
      await page.close();
    }
  }

  /** A picture of the page. */
  async picture(page: Page, name: string): Promise<void> {
    await page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
  }

  /** The panel alone, for the README and Grafana's catalogue: artifacts/showcase. */
  async showcase(page: Page, name: string): Promise<void> {
    await page.getByTestId('anomaly panel').screenshot({ path: path.join(SHOTS, `../showcase/${name}.png`) });
  }

  /** A picture, and a look by axe at everything within `where`. */
  async examine(page: Page, name: string, where = '[data-testid="anomaly panel"]'): Promise<void> {
    await this.picture(page, name);
    await page.evaluate(AXE);
    const found = await page.evaluate(
      async ([levels, place]) => {
        const { axe } = globalThis as unknown as {
          axe: { run: (where: object, options: object) => Promise<{ violations: Violation[] }> };
        };
        // The eye in Grafana's own field for secrets is smaller than it should be.
        const looked = { include: [place], exclude: ['[aria-label="Show secret content"]'] };
        return (await axe.run(looked, { runOnly: levels })).violations;
      },
      [LEVELS, where] as const,
    );
    assert.deepEqual(
      found.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 160)}`),
      [],
    );
  }

  /** What the processor itself says. */
  async api<Answer>(place: string): Promise<Answer> {
    const { url, secrets } = this.grafana.behind;
    const headers = { authorization: `Bearer ${secrets['readToken']}` };
    return (await (await fetch(`${url}/api/v1/${place}`, { headers })).json()) as Answer;
  }
}
