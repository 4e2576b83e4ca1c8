/** Ten thousand incidents, five thousand users, five hundred endpoints: only what is in sight is drawn. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import type { Grafana } from '../grafana.ts';
import type { Session } from '../session.ts';

const RECORDED = path.join(import.meta.dirname, '../../recorded');
/** Rows in sight, those kept ready above and below them, and the header. */
const MOST_ROWS = 60;
const MOST_ELEMENTS = 2500;
const FEW = 20;
/** Of the time for few rows: what grows with all rows would be hundreds of times as slow. */
const MOST_TIMES = 25;

interface List {
  readonly name: string;
  readonly call: string;
  readonly testId: string;
  readonly count: number;
  /** What tells one row from another. */
  readonly numbered: (row: Readonly<Record<string, unknown>>, index: number) => object;
}

const hex = (index: number): string => index.toString(16).padStart(16, '0');

const LISTS: readonly List[] = [
  {
    name: 'incidents',
    call: 'incidents',
    testId: 'anomaly incidents',
    count: 10_000,
    numbered: (_, index) => ({ id: `crowd-${index}`, entity: `u_${hex(index)}`, score: 1 - index / 20_000 }),
  },
  {
    name: 'users',
    call: 'users',
    testId: 'anomaly users',
    count: 5000,
    numbered: (_, index) => ({ user: `u_${hex(index)}`, score: 1 - index / 10_000 }),
  },
  {
    name: 'endpoints',
    call: 'endpoints',
    testId: 'anomaly endpoints',
    count: 500,
    numbered: (_, index) => ({ endpoint: `GET /api/v1/things/${index}`, score: 1 - index / 1000 }),
  },
];

export async function crowd(session: Session): Promise<void> {
  for (const list of LISTS) {
    await session.story(`${list.count} ${list.name} are at hand at once`, async () => {
      const few = await measure(session, { ...list, count: FEW });
      const many = await measure(session, list);
      process.stdout.write(
        `        ${list.count} ${list.name}: interactive ${Math.round(many.timeMs)} ms after the last of them came, ` +
          `${FEW}: ${Math.round(few.timeMs)} ms; ${many.rows} rows and ${many.elements} elements drawn\n`,
      );
      assert.ok(many.rows <= MOST_ROWS, `${many.rows} rows are drawn`);
      assert.ok(many.elements <= MOST_ELEMENTS, `${many.elements} elements are drawn`);
      assert.ok(many.timeMs <= MOST_TIMES * Math.max(20, few.timeMs), `${many.timeMs} ms, with few ${few.timeMs} ms`);
    });
  }
}

interface Measured {
  /** From the arrival of the last answer until the list answers a key. */
  readonly timeMs: number;
  readonly rows: number;
  readonly elements: number;
}

async function measure(session: Session, list: List): Promise<Measured> {
  const { grafana } = session;
  grafana.trick = crowded(list);
  try {
    let measured: Measured | undefined;
    await session.visit({}, `?an-tab=${list.name}`, async (page) => {
      const grid = page.getByTestId(list.testId);
      await grid.waitFor();
      const timeMs = await untilInteractive(page, list);
      const { rows, elements } = await drawn(page, list);
      await session.picture(page, `dark-crowd-${list.name}-${list.count}`);
      await scrolledToTheEnd(page, list);
      measured = { timeMs, rows: Math.max(rows, (await drawn(page, list)).rows), elements };
    });
    return measured!;
  } finally {
    grafana.trick = undefined;
  }
}

/** A processor with so many of them, page by page. */
function crowded({ call, count, numbered }: List): NonNullable<Grafana['trick']> {
  const { items } = JSON.parse(readFileSync(path.join(RECORDED, `${call}.json`), 'utf8')) as {
    readonly items: ReadonlyArray<Readonly<Record<string, unknown>>>;
  };
  return (method, place, query) => {
    if (method !== 'GET' || place !== `api/v1/${call}` || query.get('open') === 'true') {
      return undefined;
    }
    const first = Number(query.get('cursor') ?? 0);
    const end = Math.min(count, first + Number(query.get('limit') ?? 50));
    const rows = Array.from({ length: end - first }, (_, place) => {
      const row = items[(first + place) % items.length]!;
      return { ...row, ...numbered(row, first + place) };
    });
    return { body: JSON.stringify({ items: rows, next_cursor: end < count ? String(end) : null }) };
  };
}

/** Milliseconds from the end of the last answer until a key has moved the focus from row to row, or the list has scrolled. */
async function untilInteractive(page: Page, { call, testId, count }: List): Promise<number> {
  return page.evaluate(
    async ([address, id, rowCount]) => {
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      const grid = () => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
      while (grid()?.getAttribute('aria-rowcount') !== String(rowCount + 1)) {
        await frame();
      }
      const scroller = grid()!.querySelectorAll<HTMLElement>('[role="rowgroup"]')[1]!;
      scroller.scrollTop = 300;
      // Drawn anew and painted.
      await frame();
      await frame();
      const answers = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
      const last = answers.filter(({ name }) => name.includes(`/api/v1/${address}?`)).at(-1)!;
      return performance.now() - last.responseEnd;
    },
    [call, testId, count] as const,
  );
}

async function drawn(page: Page, { testId }: List): Promise<{ readonly rows: number; readonly elements: number }> {
  return page.evaluate((id) => {
    const rows = document.querySelectorAll(`[data-testid="${id}"] [role="row"]`).length;
    return { rows, elements: document.querySelectorAll('[data-testid="anomaly panel"] *').length };
  }, testId);
}

/** The last row is reached by scrolling, and says its place. */
async function scrolledToTheEnd(page: Page, { testId, count }: List): Promise<void> {
  const scroller = page.getByTestId(testId).getByRole('rowgroup').nth(1);
  await scroller.evaluate((element) => (element.scrollTop = element.scrollHeight));
  await page
    .getByTestId(testId)
    .locator(`[aria-rowindex="${count + 1}"]`)
    .waitFor();
}
