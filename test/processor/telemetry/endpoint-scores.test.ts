import { EndpointScores, type EndpointSeries } from '../../../processor/src/telemetry/endpoint-scores.ts';

const MINUTE = 60_000;

/** Endpoint 7 is `GET /7` of the service `shop`. */
function newScores(): EndpointScores {
  return new EndpointScores((id) => ({ service: 'shop', endpoint: `GET /${id}` }), 0);
}

function find(scores: EndpointScores, endpoint: string): EndpointSeries | undefined {
  return [...scores.series()].find(({ name }) => name.endpoint === endpoint);
}

function record(scores: EndpointScores, endpointId: number, times: number, score = 0.1): void {
  for (let time = 0; time < times; time += 1) scores.record(endpointId, score);
}

test('a score falls into the bucket whose upper bound it does not exceed (Prometheus, le)', () => {
  const scores = newScores();
  // Bounds: 0.1 0.2 0.3 0.4 0.5 0.6 0.67 0.8 0.9 0.95
  for (const score of [0, 0.1, 0.11, 0.67, 0.68, 0.95, 0.96, 1]) scores.record(1, score);
  const series = find(scores, 'GET /1')!;
  expect([...series.counts]).toEqual([2, 1, 0, 0, 0, 0, 1, 1, 0, 1, 2]);
  expect(series.count).toBe(8);
  expect(series.sum).toBeCloseTo(4.47, 12);
});

test('the highest score lasts a minute and then falls to 0', () => {
  const scores = newScores();
  scores.record(1, 0.9);
  const seen: number[] = [];
  for (const seconds of [0, 30, 59, 80]) {
    scores.advance(seconds * 1000);
    seen.push(find(scores, 'GET /1')!.highest);
  }
  expect(seen).toEqual([0.9, 0.9, 0.9, 0]);
});

test('the highest score of the minute survives lower ones after it', () => {
  const scores = newScores();
  scores.record(1, 0.9);
  scores.advance(20_000);
  scores.record(1, 0.2);
  expect(find(scores, 'GET /1')!.highest).toBe(0.9);
  scores.advance(75_000);
  expect(find(scores, 'GET /1')!.highest).toBe(0.2);
});

test('a clock that jumps, forwards or backwards, loses no counts', () => {
  const scores = newScores();
  record(scores, 1, 3);
  for (const now of [1e12, 5, 1e12 + 1]) scores.advance(now);
  expect(find(scores, 'GET /1')).toMatchObject({ count: 3, highest: 0 });
});

test('the first 100 endpoints get labels and all others share {other}', () => {
  const scores = newScores();
  for (let id = 0; id < 1000; id += 1) record(scores, id, 2);
  const series = [...scores.series()];
  expect(series).toHaveLength(101);
  expect(find(scores, '{other}')).toMatchObject({ name: { service: '{other}' }, count: 1800 });
  expect(series.reduce((sum, { count }) => sum + count, 0)).toBe(2000);
});

test('a clearly busier endpoint takes the place of the quietest, which then counts in {other}', () => {
  const scores = newScores();
  for (let id = 0; id < 100; id += 1) record(scores, id, id === 42 ? 10 : 50);
  record(scores, 500, 30);
  const otherBefore = find(scores, '{other}')!.count;
  scores.advance(MINUTE);
  expect(find(scores, 'GET /42')).toBeUndefined();
  // What it did before stays in {other}: its own series starts at zero.
  expect(find(scores, 'GET /500')).toBeUndefined();
  record(scores, 500, 5);
  record(scores, 42, 1);
  expect(find(scores, 'GET /500')!.count).toBe(5);
  expect(find(scores, '{other}')!.count).toBe(otherBefore + 1);
});

test('endpoints of similar traffic do not displace each other (hysteresis)', () => {
  const scores = newScores();
  for (let id = 0; id < 100; id += 1) record(scores, id, 20);
  for (let minute = 1; minute <= 100; minute += 1) {
    record(scores, 500, 30);
    for (let id = 0; id < 100; id += 1) record(scores, id, 20);
    scores.advance(minute * MINUTE);
  }
  expect(find(scores, 'GET /500')).toBeUndefined();
});

test('the busiest 100 have labels in the end, whatever came first', () => {
  const scores = newScores();
  for (let id = 0; id < 100; id += 1) record(scores, id, 1);
  for (let minute = 1; minute <= 150; minute += 1) {
    for (let id = 100; id < 200; id += 1) record(scores, id, 10);
    scores.advance(minute * MINUTE);
  }
  const labelled = [...scores.series()].map(({ name }) => name.endpoint);
  expect(labelled.filter((name) => name === '{other}' || Number(name.slice(5)) >= 100)).toEqual(labelled);
});

test('no series ever falls, however the traffic moves', () => {
  const scores = newScores();
  let last = new Map<string, number>();
  for (let minute = 1; minute <= 200; minute += 1) {
    // Hostile: the busy ids rotate all the time.
    for (let id = 0; id < 300; id += 1) record(scores, (id * minute) % 997, 1 + ((id * 7) % 5));
    scores.advance(minute * MINUTE);
    const now = new Map([...scores.series()].map(({ name, count }) => [name.endpoint, count]));
    expect(now.size).toBeLessThanOrEqual(101);
    const ended = [...last.keys()].filter((name) => !now.has(name));
    expect(ended.length).toBeLessThanOrEqual(1);
    for (const [name, count] of now) expect(count).toBeGreaterThanOrEqual(last.get(name) ?? 0);
    last = now;
  }
});

test('two ids of one name are one series, also when the name is {other}', () => {
  const scores = new EndpointScores((id) => ({ service: '{other}', endpoint: id < 5 ? '{other}' : 'GET /a' }), 0);
  for (let id = 0; id < 10; id += 1) scores.record(id, 0.5);
  expect([...scores.series()].map(({ name, count }) => [name.endpoint, count])).toEqual([
    ['{other}', 5],
    ['GET /a', 5],
  ]);
});

test('anomalies count by endpoint and behavior and end with their series', () => {
  const scores = newScores();
  for (let id = 0; id < 100; id += 1) record(scores, id, id === 42 ? 1 : 50);
  scores.anomaly(42, 'latency');
  scores.anomaly(42, 'latency');
  scores.anomaly(700, 'scraping');
  const anomalies = () => [...scores.anomalies()].map(([labels, { value }]) => [...Object.values(labels), value]);
  expect(anomalies()).toEqual([
    ['shop', 'GET /42', 'latency', 2],
    ['{other}', '{other}', 'scraping', 1],
  ]);
  record(scores, 700, 30);
  scores.advance(MINUTE);
  expect(anomalies()).toEqual([['{other}', '{other}', 'scraping', 1]]);
});

test('anomalies of every endpoint in every behavior stay within 416 series and are all counted', () => {
  const scores = newScores();
  for (let id = 0; id < 1000; id += 1) for (let kind = 0; kind < 20; kind += 1) scores.anomaly(id, `behavior_${kind}`);
  const values = [...scores.anomalies()].map(([, { value }]) => value);
  expect(values.length).toBeLessThanOrEqual(416);
  expect(values.reduce((sum, value) => sum + value, 0)).toBe(20_000);
});
