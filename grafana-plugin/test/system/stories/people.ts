/** What people do with it, each in their role. */
import assert from 'node:assert/strict';
import { FAILED_ANSWER, type Session } from '../session.ts';

export async function people(session: Session): Promise<void> {
  const { items: incidents } = await session.api<{ items: Array<{ reason: string; kind: string }> }>(
    'incidents?sort=score',
  );
  const incident = incidents.find(({ kind }) => kind === 'user') ?? incidents[0]!;
  await session.story('an incident is opened, read and called a false alarm, and that is undone', () =>
    session.visit({ role: 'Editor' }, '?an-tab=incidents', async (page) => {
      await page.getByRole('grid', { name: 'Incidents' }).getByText(incident.reason).first().click();
      await page.getByRole('heading', { name: incident.reason }).waitFor();
      await page.getByRole('button', { name: 'False alarm…' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText(/Removes \d+ of/).waitFor();
      await session.picture(page, 'dark-false-alarm');
      await dialog.getByRole('button', { name: 'Mark as false alarm' }).click();
      await page.getByText('false alarm', { exact: true }).first().waitFor();
      await page.getByRole('button', { name: 'Undo' }).click();
      await page.getByText('Undone.').waitFor();
    }),
  );
  await session.story('a training is begun and watched to its end', () =>
    session.visit({ role: 'Editor' }, '?an-tab=model', async (page) => {
      await page.getByRole('button', { name: 'Train…' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Train', exact: true }).click();
      await page
        .getByText(/^Trained/)
        .first()
        .waitFor({ timeout: 60_000 });
      await session.picture(page, 'dark-trained');
    }),
  );
  await session.story('an Admin rolls back, and the processor scores with that model', () =>
    session.visit({ role: 'Admin' }, '?an-tab=model', async (page) => {
      await page.getByRole('button', { name: 'Roll back…' }).first().click();
      await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click();
      const told = await page
        .getByText(/scores again\.$/)
        .first()
        .innerText();
      const { model } = await session.api<{ model: { version: string } }>('status');
      assert.ok(told.startsWith(model.version), `${told} but ${model.version} scores`);
    }),
  );
  await session.story('the budget is moved, previewed and applied', () =>
    session.visit({ role: 'Editor' }, '?an-tab=model', async (page) => {
      await page.getByRole('spinbutton', { name: 'False incidents a day' }).fill('2');
      await page.getByText(/would vanish/).waitFor({ timeout: 30_000 });
      await session.examine(page, 'dark-budget');
      await session.showcase(page, 'budget-dark');
      await page.getByRole('button', { name: 'Apply 2 a day' }).click();
      await page.getByText('The budget is 2 a day.').waitFor();
    }),
  );
  await session.story('a behaviour is turned off, which the processor knows, and on again', () =>
    session.visit({ role: 'Editor' }, '?an-tab=model', async (page) => {
      const isOffHoursOn = async () => {
        const { options } = await session.api<{ options: Array<{ key: string; value: unknown }> }>('sensitivity');
        return options.find(({ key }) => key === 'behaviors.off_hours')?.value;
      };
      await page.getByRole('button', { name: 'By behaviour' }).click();
      const toggle = page.getByRole('switch', { name: 'Off hours' });
      await toggle.click({ force: true });
      await page.getByText('Off hours is not flagged any more.').waitFor();
      await page.getByText('Off hours off', { exact: true }).waitFor();
      assert.equal(await isOffHoursOn(), false);
      await session.examine(page, 'dark-behaviours');
      await page.getByRole('button', { name: 'Undo' }).click();
      await page.getByText('Undone.').waitFor();
      assert.equal(await isOffHoursOn(), true);
    }),
  );
  await session.story('a Viewer has no switch of a behaviour', () =>
    session.visit({ role: 'Viewer' }, '?an-tab=model', async (page) => {
      await page.getByRole('button', { name: 'By behaviour' }).click();
      await page.getByText('Off hours', { exact: true }).waitFor();
      assert.equal(await page.getByRole('switch').count(), 0);
    }),
  );
  await session.story('a Viewer is refused by the proxy also where no button is', () =>
    session.visit(
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
      FAILED_ANSWER,
    ),
  );
}
