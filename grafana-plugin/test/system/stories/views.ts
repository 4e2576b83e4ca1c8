/** Every view in both themes: drawn, without an error in the console, accessible. */
import assert from 'node:assert/strict';
import type React from 'react';
import type { PageSettings } from '../page.ts';
import type { Session } from '../session.ts';

export async function views(session: Session): Promise<void> {
  const { items: incidents } = await session.api<{ items: Array<{ id: string; kind: string }> }>(
    'incidents?open=true&sort=score',
  );
  const { items: users } = await session.api<{ items: Array<{ user: string }> }>('users?limit=1');
  const incident = (await unlikeItself(session, incidents)) ?? incidents[0]!;
  const all: ReadonlyArray<readonly [name: string, place: string, sign: string, settings?: PageSettings]> = [
    ['overview', '', 'anomaly incidents', { from: 'now-6h' }],
    ['incidents', '?an-tab=incidents', 'anomaly incidents'],
    ['incident', `?an-tab=incidents&an-id=${incident.id}`, 'anomaly requests'],
    ['users', '?an-tab=users', 'anomaly users'],
    ['profile', `?an-tab=users&an-user=${users[0]!.user}`, 'anomaly user profile'],
    ['endpoints', '?an-tab=endpoints', 'anomaly endpoints'],
    ['model', '?an-tab=model', 'anomaly comparison'],
    ['viewer', '?an-tab=model', 'anomaly comparison', { role: 'Viewer' }],
    ['medium', '', 'anomaly incidents', { width: 640 }],
    ['narrow', '', 'anomaly incidents', { width: 470 }],
    ['nothing', '', 'anomaly read only', { options: { view: 'tabs' } }],
  ];
  const wanted = process.env['REACT'] ?? '19';
  await session.story(`plugins are given React ${wanted}, dark`, () =>
    session.visit({}, '', async (page) => {
      await page.getByTestId('anomaly incidents').waitFor();
      const version = await page.evaluate(async () => {
        const { System } = globalThis as unknown as { System: { import: (name: string) => Promise<typeof React> } };
        return (await System.import('react')).version;
      });
      assert.equal(version.split('.')[0], wanted);
    }),
  );
  for (const theme of ['dark', 'light'] as const) {
    for (const [name, place, sign, settings] of all) {
      await session.story(`${name}, ${theme}`, () =>
        session.visit({ theme, ...settings }, place, async (page) => {
          await page.getByTestId(sign).first().waitFor();
          await page.waitForTimeout(800);
          await session.examine(page, `${theme}-${name}`);
          await session.showcase(page, `${name}-${theme}`);
        }),
      );
    }
  }
}

/** An incident of a user to whom this is new: who attacks for longer comes to look usual to themselves. */
async function unlikeItself(
  session: Session,
  incidents: ReadonlyArray<{ readonly id: string; readonly kind: string }>,
): Promise<{ readonly id: string } | undefined> {
  for (const { id } of incidents.filter(({ kind }) => kind === 'user')) {
    const { features } = await session.api<{ features: Array<{ own: { percentile: number } | null }> }>(
      `incidents/${id}`,
    );
    if (features.every(({ own }) => own === null || own.percentile > 90)) {
      return { id };
    }
  }
  return undefined;
}
