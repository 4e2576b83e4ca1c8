/** Without a control data source: what the queries of the dashboard's panel say, from a real Prometheus. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { FAILED_ANSWER, type Session } from '../session.ts';

const READ_ONLY = { options: { view: 'tabs' }, isPrometheus: true, from: 'now-2m' } as const;

export async function prometheus(session: Session): Promise<void> {
  if (session.grafana.prometheus === undefined) {
    await session.story('Prometheus is scraped and shown', () => {
      if (process.env['CI'] === 'true') {
        throw new Error('prometheus must be installed in CI: apt-get install prometheus');
      }
      process.stdout.write('skipped, prometheus was not found; apt-get install prometheus: ');
      return Promise.resolve();
    });
    return;
  }
  for (const theme of ['dark', 'light'] as const) {
    await session.story(`the panel is read-only from Prometheus, ${theme}`, () =>
      session.visit({ ...READ_ONLY, theme }, '', async (page) => {
        await page.getByText('Read-only from Prometheus').waitFor();
        await page.getByText(/^flagged above 0\.\d\d/).waitFor();
        const highest = Number(/at most (\d\.\d\d)/.exec(await timeline(page))?.[1]);
        assert.ok(highest > 0.67 && highest <= 1, `the highest score is ${highest}`);
        const { items: open } = await session.api<{ items: unknown[] }>('incidents?open=true&limit=100');
        await page.getByText(`Open incidents by behaviour, ${open.length} open`).waitFor();
        await page.getByRole('region', { name: 'Top endpoints' }).waitFor();
        assert.equal(await page.getByRole('button', { name: /Train|False alarm|Apply/ }).count(), 0);
        await session.examine(page, `${theme}-read-only`);
      }),
    );
  }
  await session.story('scores of Prometheus stay while the processor does not answer', async () => {
    const { url } = session.grafana.behind;
    session.grafana.behind.url = 'http://127.0.0.1:9';
    try {
      await session.visit(
        { isPrometheus: true, from: 'now-2m' },
        '',
        async (page) => {
          await page.getByText('The processor does not answer').first().waitFor();
          await page.getByText(/^flagged above/).waitFor();
          await session.examine(page, 'dark-unreachable');
        },
        FAILED_ANSWER,
      );
    } finally {
      session.grafana.behind.url = url;
    }
  });
  await session.story(
    'the timeline of the Overview is that of Prometheus, and dragging over it zooms the dashboard',
    () =>
      session.visit({ isPrometheus: true, from: 'now-2m' }, '', async (page) => {
        await page.getByText('Highest score per minute').waitFor();
        const before = await timeline(page);
        const box = (await page.getByTestId('anomaly timeline').boundingBox())!;
        await page.mouse.move(box.x + box.width / 2, box.y + 40);
        await page.mouse.down();
        await page.mouse.move(box.x + box.width - 60, box.y + 50, { steps: 5 });
        await page.mouse.up();
        await page.waitForURL(/[?&]from=\d{4}/);
        await page.waitForFunction((text) => !document.querySelector(`svg[aria-label="${text}"]`), before);
      }),
  );
}

const timeline = async (page: Page): Promise<string> =>
  (await page.getByTestId('anomaly timeline').getByRole('img').getAttribute('aria-label')) ?? '';
