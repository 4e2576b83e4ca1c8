import { type Activity, PoisonedService } from './poisoned-service.ts';

const WINDOWS = 24;

const usual = (user: number): Activity => ({ user, network: user, calls: 6, objects: 1, bytes: 4000, missing: 0.02 });
const attack = (user: number): Activity => ({
  user,
  network: user,
  calls: 120,
  objects: 96,
  bytes: 30_000,
  missing: 0.3,
});

test('a service that nobody poisons learns what is usual, and finds the attack on it', async () => {
  const service = new PoisonedService(1, { cap: true, filter: true, gates: true });
  let user = 1;
  for (let day = 0; day < 6; day++) {
    for (let window = 0; window < WINDOWS; window++) {
      service.live(
        day,
        window,
        Array.from({ length: 20 }, () => usual((user = 1 + (user % 200)))),
      );
    }
  }
  await service.train();
  expect(service.outcomes).toEqual(['promoted']);
  const quiet = Array.from({ length: WINDOWS }, (_, window) => service.observe(6, window, usual(1 + window)));
  expect(quiet.filter(({ isFlagged }) => isFlagged)).toEqual([]);
  const loud = Array.from({ length: WINDOWS }, (_, window) => service.observe(7, window, attack(1 + window)));
  expect(loud.filter(({ score }) => score >= 0.5).length).toBeGreaterThan(0.9 * WINDOWS);
});
