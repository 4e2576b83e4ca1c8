import { isForeignOrigin } from '../../../processor/src/control/origin-check.ts';

test.each([
  [undefined, 'processor:8000', false],
  ['http://processor:8000', 'processor:8000', false],
  ['https://processor', 'PROCESSOR', false],
  ['http://processor:8001', 'processor:8000', true],
  ['http://processor.evil.example', 'processor', true],
  ['http://processor@evil.example', 'processor', true],
  ['null', 'processor', true],
  ['', 'processor', true],
])('origin %p at host %p is foreign: %p', (origin, host, expected) => {
  expect(isForeignOrigin(origin, host)).toBe(expected);
});
