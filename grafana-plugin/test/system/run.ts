/** The built plugin in a browser, before a real processor: npm run build, then npm run test:browser. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { Grafana, pageOf, type PageSettings } from './grafana.ts';
import { DemoProcessor } from './processor.ts';

await import('./build-host.ts');

const SHOTS = path.join(import.meta.dirname, '../../artifacts/screenshots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const LEVELS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

interface Violation {
  readonly id: string;
  readonly nodes: ReadonlyArray<{ readonly html: string }>;
}

const processor = new DemoProcessor();
const behind = await processor.start();
const grafana = new Grafana(behind);
const base = await grafana.start();
const browser: Browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu'],
});
mkdirSync(SHOTS, { recursive: true });
let failed = 0;

/** Opens a page of its own, and fails on anything its console calls an error but `expected`. */
async function visit(
  settings: PageSettings,
  place: string,
  act: (page: Page) => Promise<void>,
  expected = /^$/,
): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1216, height: 800 } });
  const errors: string[] = [];
  page.on('console', (message) => void (message.type() === 'error' && errors.push(message.text())));
  page.on('pageerror', (error) => errors.push(error.message));
  try {
    await page.goto(`${base}${pageOf(settings)}${place}`);
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

async function scenario(name: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
    process.stdout.write(`ok      ${name}\n`);
  } catch (error) {
    failed += 1;
    process.stdout.write(`FAILED  ${name}: ${(error as Error).message}\n`);
  }
}

async function photograph(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
  await page.evaluate(AXE);
  const found = await page.evaluate(async (levels) => {
    const { axe } = globalThis as unknown as {
      axe: { run: (where: string, options: object) => Promise<{ violations: Violation[] }> };
    };
    return (await axe.run('[data-testid="anomaly panel"]', { runOnly: levels })).violations;
  }, LEVELS);
  assert.deepEqual(
    found.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 160)}`),
    [],
  );
}

async function api<Answer>(place: string): Promise<Answer> {
  const headers = { authorization: `Bearer ${behind.secrets['readToken']}` };
  return (await (await fetch(`${behind.url}/api/v1/${place}`, { headers })).json()) as Answer;
}

const { items: incidents } = await api<{ items: Array<{ id: string; reason: string; kind: string }> }>(
  'incidents?sort=score',
);
const { items: users } = await api<{ items: Array<{ user: string }> }>('users?limit=1');
const incident = incidents.find(({ kind }) => kind === 'user') ?? incidents[0]!;

const VIEWS: ReadonlyArray<readonly [name: string, place: string, sign: string, settings?: PageSettings]> = [
  ['overview', '', 'anomaly incidents'],
  ['incidents', '?an-tab=incidents', 'anomaly incidents'],
  ['incident', `?an-tab=incidents&an-id=${incident.id}`, 'anomaly requests'],
  ['users', '?an-tab=users', 'anomaly users'],
  ['profile', `?an-tab=users&an-user=${users[0]!.user}`, 'anomaly user profile'],
  ['endpoints', '?an-tab=endpoints', 'anomaly endpoints'],
  ['model', '?an-tab=model', 'anomaly comparison'],
  ['viewer', '?an-tab=model', 'anomaly comparison', { role: 'Viewer' }],
  ['narrow', '', 'anomaly incidents', { width: 470 }],
  ['read-only', '', 'anomaly read only', { options: { view: 'tabs' } }],
];
try {
  for (const theme of ['dark', 'light'] as const) {
    for (const [name, place, sign, settings] of VIEWS) {
      await scenario(`${name}, ${theme}`, () =>
        visit({ theme, ...settings }, place, async (page) => {
          await page.getByTestId(sign).first().waitFor();
          await page.waitForTimeout(800);
          await photograph(page, `${theme}-${name}`);
        }),
      );
    }
  }
  await scenario('an incident is opened, read and called a false alarm, and that is undone', () =>
    visit({ role: 'Editor' }, '?an-tab=incidents', async (page) => {
      await page.getByRole('grid', { name: 'Incidents' }).getByText(incident.reason).first().click();
      await page.getByRole('heading', { name: incident.reason }).waitFor();
      await page.getByRole('button', { name: 'False alarm…' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText(/Removes \d+ of/).waitFor();
      await page.screenshot({ path: path.join(SHOTS, 'dark-false-alarm.png') });
      await dialog.getByRole('button', { name: 'Mark as false alarm' }).click();
      await page.getByText('false alarm', { exact: true }).first().waitFor();
      await page.getByRole('button', { name: 'Undo' }).click();
      await page.getByText('Undone.').waitFor();
    }),
  );
  await scenario('a training is begun and watched to its end', () =>
    visit({ role: 'Editor' }, '?an-tab=model', async (page) => {
      await page.getByRole('button', { name: 'Train…' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Train', exact: true }).click();
      await page
        .getByText(/^Trained/)
        .first()
        .waitFor({ timeout: 60_000 });
      await page.screenshot({ path: path.join(SHOTS, 'dark-trained.png') });
    }),
  );
  await scenario('an Admin rolls back, and the processor scores with that model', () =>
    visit({ role: 'Admin' }, '?an-tab=model', async (page) => {
      await page.getByRole('button', { name: 'Roll back…' }).first().click();
      await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click();
      const told = await page
        .getByText(/scores again\.$/)
        .first()
        .innerText();
      const { model } = await api<{ model: { version: string } }>('status');
      assert.ok(told.startsWith(model.version), `${told} but ${model.version} scores`);
    }),
  );
  await scenario('the budget is moved, previewed and applied', () =>
    visit({ role: 'Editor' }, '?an-tab=model', async (page) => {
      await page.getByRole('spinbutton', { name: 'False incidents a day' }).fill('2');
      await page.getByText(/would vanish/).waitFor({ timeout: 30_000 });
      await photograph(page, 'dark-budget');
      await page.getByRole('button', { name: 'Apply 2 a day' }).click();
      await page.getByText('The budget is 2 a day.').waitFor();
    }),
  );
  await scenario('a Viewer is refused by the proxy also where no button is', () =>
    visit(
      { role: 'Viewer' },
      '',
      async (page) => {
        const statuses = await page.evaluate(async () => {
          const ask = async (method: string, place: string) =>
            (
              await fetch(`/api/datasources/proxy/uid/anomaly/${place}`, {
                method,
                body: method === 'GET' ? undefined : '{}',
              })
            ).status;
          return [
            await ask('POST', 'api/v1/train'),
            await ask('POST', 'api/v1/models/m-1/activate'),
            await ask('GET', 'api/v1/audit'),
            await ask('POST', 'api/v1/detect'),
          ];
        });
        // The last has no route: without a token the processor says 401, which Grafana turns into 400.
        assert.deepEqual(statuses, [403, 403, 403, 400]);
      },
      /Failed to load resource/,
    ),
  );
  await scenario('a lost connection dims what was there and says so', () =>
    visit(
      {},
      '',
      async (page) => {
        await page.getByTestId('anomaly incidents').waitFor();
        const { url } = behind;
        grafana.behind.url = 'http://127.0.0.1:9';
        try {
          await page.getByText('The connection to the processor is lost').waitFor({ timeout: 20_000 });
          await photograph(page, 'dark-lost');
        } finally {
          grafana.behind.url = url;
        }
      },
      /Failed to load resource/,
    ),
  );
  await scenario('a wrong token says what to do', async () => {
    const { secrets } = behind;
    grafana.behind.secrets = { ...secrets, readToken: 'wrong-token-0123456789' };
    try {
      await visit(
        {},
        '',
        async (page) => {
          await page.getByText('The processor refused the token').waitFor();
          await photograph(page, 'dark-token');
        },
        /Failed to load resource/,
      );
    } finally {
      grafana.behind.secrets = secrets;
    }
  });
} finally {
  await browser.close();
  grafana.stop();
  await processor.stop();
}
process.exitCode = failed === 0 ? 0 : 1;
