/** The pages on which it is set up: the app's own, and the settings of the data source. */
import assert from 'node:assert/strict';
import { FAILED_ANSWER, type Session } from '../session.ts';

const APP = '[data-testid="anomaly app configuration"]';

export async function settings(session: Session): Promise<void> {
  for (const theme of ['dark', 'light'] as const) {
    await session.story(`the page of the app tests the connection and says what is done, ${theme}`, () =>
      session.visit({ page: 'configuration', theme }, '', async (page) => {
        await page.getByText(/answers: scoring with model/).waitFor();
        const done = await page.getByTestId('anomaly app checklist').getByText('Done:').count();
        assert.equal(done, 4);
        await session.examine(page, `${theme}-configuration`, APP);
      }),
    );
    await session.story(`the data source takes certificates, ${theme}`, () =>
      session.visit({ page: 'settings', theme }, '', async (page) => {
        for (const name of ['With a CA certificate', 'With a client certificate', 'Skip the check']) {
          await page.getByText(name).first().click();
        }
        await page.getByTestId('anomaly config tlsCACert').fill('-----BEGIN CERTIFICATE-----');
        await page.getByText('The certificate is not checked').waitFor();
        await session.examine(page, `${theme}-settings`, 'main');
      }),
    );
  }
  await session.story('the page of the app says what is wrong, and that it is right again', async () => {
    const { secrets } = session.grafana.behind;
    session.grafana.behind.secrets = { ...secrets, readToken: 'wrong-token-0123456789' };
    try {
      await session.visit(
        { page: 'configuration' },
        '',
        async (page) => {
          await page.getByText(/Put the content of tokens\/viewer/).waitFor();
          session.grafana.behind.secrets = secrets;
          await page.getByRole('button', { name: 'Test the connection' }).click();
          await page.getByText(/answers: scoring with model/).waitFor();
        },
        FAILED_ANSWER,
      );
    } finally {
      session.grafana.behind.secrets = secrets;
    }
  });
}
