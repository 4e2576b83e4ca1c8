import { agentFamilyHash } from '../../../processor/src/call/client-agent.ts';

const SEED = 12_345;

function hash(agent: string, seed = SEED): number {
  const bytes = Buffer.from(agent);
  return agentFamilyHash(bytes, 0, bytes.length, seed);
}

const CHROME =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36';

test('a browser that updates itself stays the same client', () => {
  expect(hash(CHROME.replace('131.0.0.0', '132.0.6834.83'))).toBe(hash(CHROME));
  expect(hash(CHROME.replace('10_15_7', '14_1'))).toBe(hash(CHROME));
});

test('another browser or another system is another client', () => {
  const others = [
    CHROME.replace('Chrome', 'Edge'),
    CHROME.replace('Macintosh', 'Windows'),
    'curl/8.5.0',
    'okhttp/4.9.3',
  ];
  expect(new Set([CHROME, ...others].map((agent) => hash(agent))).size).toBe(5);
});

test('the hash depends on the seed, is unsigned, and 0 means no agent', () => {
  expect(hash(CHROME, 1)).not.toBe(hash(CHROME, 2));
  for (let seed = 0; seed < 50; seed++) expect(hash('42', seed)).toBeGreaterThan(0);
  expect(hash('')).toBe(0);
});
