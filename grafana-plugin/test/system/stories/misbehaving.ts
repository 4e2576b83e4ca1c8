/** What is between the panel and the processor, misbehaving: always a clear state with a next step. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import type { Grafana, Trick } from '../grafana.ts';
import { FAILED_ANSWER, type Session } from '../session.ts';

const HOUR_MS = 3_600_000;
/** The panel's own time limit, and a moment. */
const PATIENCE_MS = 41_000;

/** What happens to every call, what is said then, and the next step. */
const EVERY_CALL: ReadonlyArray<readonly [name: string, trick: Trick, title: string, step: RegExp]> = [
  ['403 of the proxy', { status: 403, body: '{"message":"plugin proxy route access denied"}' }, 'This is not allowed', /Ask an Editor/],
  ['404, as of an old processor', { status: 404, body: '{"message":"Not found"}' }, 'The processor is too old for this', /Update the processor/],
  ['502 of the proxy', { status: 502, body: '<html>bad gateway</html>' }, 'The processor does not answer', /Is it running/],
  ['503 of something else', { status: 503, body: '' }, 'The processor does not answer', /Is it running/],
  ['a login page', { body: '<!doctype html><title>Sign in</title>' }, 'What answers is no processor', /Is the address right/],
  ['an empty body', { body: '' }, 'What answers is no processor', /Is the address right/],
  ['an empty object', { body: '{}' }, 'What answers is no processor', /version of this plugin/],
  ['null', { body: 'null' }, 'What answers is no processor', /Is the address right/],
]; // prettier-ignore

/** What happens to all calls but the one of the status. */
const ALL_BUT_STATUS: ReadonlyArray<readonly [name: string, trick: Trick, says: RegExp]> = [
  ['an old processor without the routes', { status: 404, body: '{"message":"Not found"}' }, /needs a newer version/],
  ['403', { status: 403, body: '{"message":"plugin proxy route access denied"}' }, /This is not allowed/],
  ['HTML', { body: '<html></html>' }, /What answers is no processor/],
  ['empty bodies', { body: '' }, /What answers is no processor/],
  ['lists that are none', { body: '{"items":null}' }, /What answers is no processor/],
  ['rows without their fields', { body: '{"items":[{}],"options":[{}],"next_cursor":null}' }, /answer lacks something/],
]; // prettier-ignore

const VIEWS = ['overview', 'incidents', 'users', 'endpoints', 'model'] as const;

export async function misbehaving(session: Session): Promise<void> {
  const { grafana } = session;
  for (const [name, trick, title, step] of EVERY_CALL) {
    await session.story(`instead of every answer ${name}: a problem with its next step`, () =>
      tricked(
        grafana,
        () => trick,
        () =>
          session.visit(
            {},
            '',
            async (page) => {
              const problem = page.getByTestId('anomaly problem');
              await problem.getByText(title).first().waitFor();
              await problem.getByText(step).first().waitFor();
              await problem.getByRole('button', { name: 'Try again' }).waitFor();
              await session.examine(page, `dark-misbehaving-${name.replaceAll(/\W+/g, '-')}`);
            },
            EXPECTED,
          ),
      ),
    );
  }
  for (const [name, trick, says] of ALL_BUT_STATUS) {
    await session.story(`for all but the status ${name}: every view says so`, () =>
      tricked(
        grafana,
        (_, path) => (path === 'api/v1/status' ? undefined : trick),
        async () => {
          for (const view of VIEWS) {
            await session.visit(
              {},
              `?an-tab=${view}`,
              async (page) => {
                await page.getByText(says).first().waitFor();
                await page.getByRole('button', { name: 'Try again' }).first().waitFor();
                await settled(page);
              },
              EXPECTED,
            );
          }
        },
      ),
    );
  }
  await session.story('a refused action says which role may', () =>
    tricked(
      grafana,
      (method) => (method === 'POST' ? { status: 403, body: '{}' } : undefined),
      () =>
        session.visit(
          { role: 'Editor' },
          '?an-tab=incidents',
          async (page) => {
            await page.getByTestId('anomaly incidents').getByRole('row').nth(1).click();
            await page.getByRole('button', { name: 'Confirm as real' }).click();
            await page.getByText(/needs the Editor role/).waitFor();
          },
          EXPECTED,
        ),
    ),
  );
  await session.story('numbers that are missing are dashes, not a blank panel', () =>
    tricked(
      grafana,
      () => ({ change: withoutNumbers }),
      async () => {
        for (const view of VIEWS) {
          await session.visit(
            {},
            `?an-tab=${view}`,
            async (page) => {
              await page.getByTestId('anomaly panel body').getByText(/\w/).first().waitFor();
              await settled(page);
              assert.doesNotMatch(
                await page.getByTestId('anomaly panel').innerText(),
                /NaN|undefined|Infinity|Invalid date/,
              );
            },
            EXPECTED,
          );
        }
      },
    ),
  );
  await session.story('slow answers are waited for, and said to be slow', () =>
    tricked(
      grafana,
      () => ({ delayMs: 6500 }),
      () =>
        session.visit({}, '', async (page) => {
          await page.getByText('Asking the processor …').waitFor();
          await page.getByText('It takes longer than usual').waitFor();
          await page.getByTestId('anomaly data quality').waitFor();
        }),
    ),
  );
  await session.story('an answer that never comes is given up', () =>
    tricked(
      grafana,
      // Grafana draws a panel when its own query is answered.
      (_, path) => (path === 'api/v1/models' ? undefined : { delayMs: 3_600_000 }),
      () =>
        session.visit({}, '', async (page) => {
          await page.clock.install();
          await page.reload();
          await page.clock.resume();
          await page.getByText('Asking the processor …').waitFor();
          await page.clock.fastForward(PATIENCE_MS);
          await page.getByText('Nothing came back within 40 s.').waitFor();
          await page.getByText('Is it running?').waitFor();
        }),
    ),
  );
  for (const [hours, says] of [
    [1, 'This computer’s clock is 60 min ahead of the processor’s.'],
    [-1, 'This computer’s clock is 60 min behind the processor’s.'],
  ] as const) {
    await session.story(`a clock that is ${hours} h off is named, and open incidents stay`, () =>
      session.visit({}, '', async (page) => {
        await page.clock.install({ time: Date.now() + hours * HOUR_MS });
        await page.reload();
        await page.clock.resume();
        await page.getByText(says).waitFor();
        await page.getByTestId('anomaly incidents').getByRole('row').nth(1).waitFor();
        await session.examine(page, `dark-clock-${hours}`);
      }),
    );
  }
  await session.story('a lost connection dims what was there and says so', () =>
    session.visit(
      {},
      '',
      async (page) => {
        await page.getByTestId('anomaly incidents').waitFor();
        const { url } = grafana.behind;
        grafana.behind.url = 'http://127.0.0.1:9';
        try {
          await page.getByText('The connection to the processor is lost').waitFor({ timeout: 20_000 });
          await session.examine(page, 'dark-lost');
        } finally {
          grafana.behind.url = url;
        }
        await page.getByText('The connection to the processor is lost').waitFor({ state: 'detached', timeout: 20_000 });
      },
      FAILED_ANSWER,
    ),
  );
  await session.story('a wrong token says what to do', async () => {
    const { secrets } = grafana.behind;
    grafana.behind.secrets = { ...secrets, readToken: 'wrong-token-0123456789' };
    try {
      await session.visit(
        {},
        '',
        async (page) => {
          await page.getByText('The processor refused the token').waitFor();
          await session.examine(page, 'dark-token');
        },
        FAILED_ANSWER,
      );
    } finally {
      grafana.behind.secrets = secrets;
    }
  });
}

/** The browser's own words for failed answers, and React's for a view that was caught. */
const EXPECTED = new RegExp(`${FAILED_ANSWER.source}|Cannot read|is not|undefined|null|The above error`);

async function tricked(
  grafana: Grafana,
  trick: NonNullable<Grafana['trick']>,
  tell: () => Promise<void>,
): Promise<void> {
  grafana.trick = trick;
  try {
    await tell();
  } finally {
    grafana.trick = undefined;
  }
}

/** Nothing spins any more. */
async function settled(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelector('[data-testid="Spinner"], [aria-label="Loading"]') === null);
  await page
    .getByText(/^(Asking|Reading|Loading) .*…/)
    .first()
    .waitFor({ state: 'detached' });
}

/** The same answer with null for all its numbers but those of paging. */
function withoutNumbers(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer, (_, value: unknown) => (typeof value === 'number' ? null : value)));
}
