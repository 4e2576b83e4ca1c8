import { isDeeperThan } from '../../../processor/src/control/json-depth.ts';

test.each([
  ['[[1]]', 2, false],
  ['[[1]]', 1, true],
  ['{"a":{"b":[]}}', 3, false],
  ['{"a":{"b":[]}}', 2, true],
  ['[],[],[]', 1, false],
  ['"[[[["', 0, false],
  [String.raw`"\"[[[["`, 0, false],
  [String.raw`["\\",["x"]]`, 1, true],
])('%s is deeper than %i: %p', (json, limit, expected) => {
  expect(isDeeperThan(Buffer.from(json), limit)).toBe(expected);
});
