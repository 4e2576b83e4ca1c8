import { evaluationReport } from '../../../processor/src/evaluation/evaluation-report.ts';
import { reportText } from '../../../processor/src/evaluation/report-text.ts';
import { filled, repeat } from './filled-windows.ts';

const rules = [{ name: 'rate', quantity: 'requests', threshold: 5 }] as const;

/** The rows of a section, from its title to the next empty line. */
function section(text: string, title: string): string[] {
  const lines = text.split('\n');
  const from = lines.indexOf(title);
  const to = lines.indexOf('', from);
  return lines.slice(from, to < 0 ? undefined : to);
}

function textOf(calls: Parameters<typeof filled>[0]): string {
  return reportText(evaluationReport(filled(calls), { rules, seed: 1, resamples: 20 }));
}

/** One user: nothing is drawn, so that intervals are as wide as their value. */
const oneUser = [
  { isTest: false },
  { at: 300, label: 'scraping#1', evidence: 9, peer: 0.5 },
  { at: 310, label: 'scraping#1', evidence: 9, isAnomaly: true, incident: 'i_1', behavior: 'scraping' },
  ...repeat(3, { at: 600, evidence: 1, peer: 0.6 }),
  { at: 900, peer: 0.4 },
];

test('numbers come with their intervals', () => {
  expect(section(textOf(oneUser), 'False positives per 10,000 windows')).toEqual([
    'False positives per 10,000 windows',
    '               recall 0.5               recall 0.8               recall 0.95',
    '  ours         0.0 [0.0, 0.0]           0.0 [0.0, 0.0]           0.0 [0.0, 0.0]',
    '  tuned rules  5000.0 [5000.0, 5000.0]  5000.0 [5000.0, 5000.0]  5000.0 [5000.0, 5000.0]',
    '  rules        5000.0 [5000.0, 5000.0]  5000.0 [5000.0, 5000.0]  5000.0 [5000.0, 5000.0]',
    '  peer forest  5000.0 [5000.0, 5000.0]  5000.0 [5000.0, 5000.0]  5000.0 [5000.0, 5000.0]',
  ]);
});

test('labels say whether, when and as what they were found', () => {
  expect(section(textOf([...oneUser, { at: 1200, label: 'late#1' }]), 'Labels')).toEqual([
    'Labels',
    '              found  after  flagged calls  named',
    '  scraping#1  yes    10 s   1 of 2         so',
    '  late#1      NO            0 of 1',
  ]);
});

test('a kind that another detector does better is marked', () => {
  const calls = [
    { user: 1, at: 300, label: 'a', evidence: 1 },
    { user: 1, at: 300, label: 'a', evidence: 1 },
    { user: 2, at: 300, evidence: 5 },
    { user: 3, at: 300, label: 'b', evidence: 9 },
  ];
  const title = 'False positives per 10,000 windows at recall 0.8, by kind of label';
  // Without a training part there are no tuned rules and no peer.
  expect(section(textOf(calls), title)).toEqual([
    title,
    '     windows  found   ours     rules',
    '  a  1        0 of 1  10000.0  0.0      LOST',
    '  b  1        0 of 1  0.0      10000.0',
  ]);
});

test('a long list is cut, and says so', () => {
  const calls = Array.from({ length: 45 }, (_, n) => ({ at: 300 * n, label: `label ${n}` }));
  const rows = section(textOf(calls), 'Labels');
  expect(rows.length).toBe(2 + 40 + 1);
  expect(rows.at(-1)).toBe('  … and 5 more');
});

test('without any test window there is nothing but the head and the rules', () => {
  const lines = textOf([{ isTest: false }]).split('\n');
  expect(lines).toContain('  test part      0 windows of 0 users, 0 labelled; 0.0 days from never');
  expect(lines).not.toContain('Labels');
});
