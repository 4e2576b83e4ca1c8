import { standingOf } from '../../../processor/src/store/model-standing.ts';

const NOTHING = { retired: [], changedMs: {} };

test('what was written is read', () => {
  const standing = { shadow: 'm-2', retired: ['m-1'], changedMs: { 'm-1': 5, 'm-2': 6 } };
  expect(standingOf(JSON.parse(JSON.stringify(standing)))).toEqual(standing);
});

test.each([undefined, null, 7, 'shadow', [], { shadow: 5, retired: 'm-1', changedMs: [] }])(
  'of %j nothing is known',
  (value) => {
    expect(standingOf(value)).toEqual(NOTHING);
  },
);

test('the sound parts of a list and of a table are kept', () => {
  expect(standingOf({ retired: ['m-1', 5, null], changedMs: { 'm-1': 5, 'm-2': 'never' } })).toEqual({
    retired: ['m-1'],
    changedMs: { 'm-1': 5 },
  });
});
