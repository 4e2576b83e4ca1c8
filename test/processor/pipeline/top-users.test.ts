import { TopUsers } from '../../../processor/src/pipeline/top-users.ts';

const NOW = 1_790_000_000;

function listed(top: TopUsers, nowSeconds = NOW): Record<number, number> {
  return Object.fromEntries(Array.from(top.list(nowSeconds), ({ low, score }) => [low, score]));
}

describe('the most unusual users', () => {
  test('a user is listed once, with the latest score', () => {
    const top = new TopUsers(3);
    top.offer(7, 1, 0.9, NOW);
    top.offer(7, 1, 0.4, NOW);
    top.offer(8, 1, 0.6, NOW);
    expect(Array.from(top.list(NOW), ({ high, low, score }) => [high, low, score])).toEqual([
      [8, 1, 0.6],
      [7, 1, 0.4],
    ]);
  });

  test('a full list gives the place of the least unusual to one who is clearly more so', () => {
    const top = new TopUsers(2);
    top.offer(0, 1, 0.5, NOW);
    top.offer(0, 2, 0.7, NOW);
    top.offer(0, 3, 0.52, NOW);
    expect(listed(top)).toEqual({ 1: 0.5, 2: 0.7 });
    top.offer(0, 3, 0.53, NOW);
    expect(listed(top)).toEqual({ 2: 0.7, 3: 0.53 });
  });

  test('a user who has not called for ten minutes leaves it for good', () => {
    const top = new TopUsers(2);
    top.offer(0, 1, 0.5, NOW);
    top.offer(0, 2, 0.6, NOW + 100);
    expect(listed(top, NOW + 600)).toEqual({ 1: 0.5, 2: 0.6 });
    expect(listed(top, NOW + 601)).toEqual({ 2: 0.6 });
    expect(listed(top, NOW)).toEqual({ 2: 0.6 });
  });

  test('of a list made shorter the least unusual leave; one made longer has places again', () => {
    const top = new TopUsers(3);
    for (const user of [1, 2, 3]) top.offer(0, user, user / 10, NOW);
    top.resize(1);
    expect(listed(top)).toEqual({ 3: 0.3 });
    top.offer(0, 1, 0.31, NOW);
    expect(listed(top)).toEqual({ 3: 0.3 });
    top.resize(2);
    top.offer(0, 1, 0.1, NOW);
    expect(listed(top)).toEqual({ 3: 0.3, 1: 0.1 });
  });

  test('no place, no users', () => {
    const top = new TopUsers(0);
    top.offer(0, 1, 1, NOW);
    expect(listed(top)).toEqual({});
  });
});
