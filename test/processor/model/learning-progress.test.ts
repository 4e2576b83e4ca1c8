import { LearningEntities, START } from './entities.ts';

describe('learning progress', () => {
  it('begins at the first span and goes on until rows, entities and hours all suffice', async () => {
    const entities = new LearningEntities({ minRows: 1000, minEntities: 20, minHours: 2 });
    const { lifecycle } = entities;
    expect(lifecycle.progress).toBe(0);

    // Rows and entities in plenty, one hour of two.
    entities.live(0, 1);
    expect(lifecycle.progress).toBeCloseTo(0.5, 2);
    await entities.train();
    expect(entities.trainings).toEqual([]);

    entities.live(1, 1.1);
    expect(lifecycle.progress).toBe(1);
    await entities.train();
    expect(entities.trainings.map(({ outcome }) => outcome)).toEqual(['promoted']);
  });

  it.each([
    ['rows', { minRows: 10_000, minEntities: 1, minHours: 0.1 }, 0.12],
    ['entities', { minRows: 100, minEntities: 80, minHours: 0.1 }, 0.25],
    ['hours', { minRows: 100, minEntities: 1, minHours: 4 }, 0.25],
  ])('waits for %s, whatever else suffices', async (_, settings, progress) => {
    const entities = new LearningEntities(settings);
    entities.live(0, 1);
    expect(entities.lifecycle.progress).toBeCloseTo(progress, 2);
    await entities.train();
    expect(entities.trainings).toEqual([]);
    expect(entities.lifecycle.active).toBeUndefined();
  });

  it('shows progress from 0 to 1 that never falls, and 1 once there is a model', async () => {
    const entities = new LearningEntities();
    const seen = [entities.lifecycle.progress];
    for (let step = 0; step < 20; step++) {
      entities.live(step / 10, 0.1);
      seen.push(entities.lifecycle.progress);
    }
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect([seen[0], seen.at(-1)]).toEqual([0, 1]);
    await entities.train();
    expect(entities.lifecycle.progress).toBe(1);
  });

  it('counts addresses where there are no users', () => {
    const entities = new LearningEntities({ minRows: 1, minEntities: 4, minHours: 0 });
    for (let address = 1; address <= 2; address++) {
      entities.observe(START, { countsForUser: false, identityKind: 0, addressHigh: 2, addressLow: address });
    }
    expect(entities.lifecycle.progress).toBe(0.5);
  });
});
