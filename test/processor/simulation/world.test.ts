import { createHash } from 'node:crypto';
import { CONFOUNDER_NAMES } from '../../../processor/src/simulation/confounders.ts';
import { INNER_SERVICES } from '../../../processor/src/simulation/endpoints.ts';
import { type SimulatedSpan, SpanKind } from '../../../processor/src/simulation/span.ts';
import { createWorld, EVERY_ATTACK, type World, type WorldOptions } from '../../../processor/src/simulation/world.ts';

const START = Date.UTC(2026, 0, 14);
const OPTIONS: WorldOptions = { seed: 11, users: 120, days: 1, startMs: START };

/** All that is in the spans, short enough to be shown when it differs. */
function digest(spans: Iterable<SimulatedSpan>): string {
  const hash = createHash('sha256');
  for (const span of spans) hash.update(JSON.stringify(span));
  return hash.digest('hex');
}

const isServer = (span: SimulatedSpan) => span.kind === SpanKind.SERVER;
const isEdge = (span: SimulatedSpan) => span.parentSpanId === '';
const isOld = ({ attributes }: SimulatedSpan) => 'http.method' in attributes && 'http.status_code' in attributes;
const userOf = ({ attributes }: SimulatedSpan) => attributes['user.id'] ?? attributes['enduser.id'];
const statusOf = ({ attributes }: SimulatedSpan) =>
  Number(attributes['http.response.status_code'] ?? attributes['http.status_code']);

describe('a simulated world', () => {
  const ordinary = [...createWorld(OPTIONS)];
  const edges = ordinary.filter(isEdge);

  it('yields the same spans for the same seed, however often it is read, and others for another seed', () => {
    const options: WorldOptions = { ...OPTIONS, days: 0.2, attacks: EVERY_ATTACK, confounders: CONFOUNDER_NAMES };
    const world = createWorld(options);
    const first = digest(world);
    expect(digest(world)).toBe(first);
    expect(digest(createWorld(options))).toBe(first);
    expect(digest(createWorld({ ...options, seed: 12 }))).not.toBe(first);
  });

  it('yields spans in order of their start, within its time, without a value that is not a number', () => {
    let lastMs = START;
    const odd = ordinary.filter(({ startMs, endMs, attributes }) => {
      const isLate = startMs < lastMs || startMs >= START + 86_400_000 || !(endMs > startMs);
      lastMs = startMs;
      return isLate || Object.values(attributes).some((value) => value === undefined || Number.isNaN(value));
    });
    expect(odd).toEqual([]);
  });

  it('has about 40 % SERVER spans, or only those, or only those of the edge, and the edge is the same in all', () => {
    const servers = ordinary.filter(isServer).length;
    expect(servers / ordinary.length).toBeGreaterThan(0.36);
    expect(servers / ordinary.length).toBeLessThan(0.46);
    const serverOnly = [...createWorld({ ...OPTIONS, detail: 'server' })];
    expect(serverOnly.every(isServer)).toBe(true);
    const edgeOnly = [...createWorld({ ...OPTIONS, detail: 'edge' })];
    expect(digest(edgeOnly)).toBe(digest(edges));
    expect(digest(serverOnly.filter(isEdge))).toBe(digest(edges));
  });

  it('makes every child part of the trace of its parent, within its time, with an id of its own', () => {
    const byId = new Map(ordinary.map((span) => [span.spanId, span]));
    expect(byId.size).toBe(ordinary.length);
    const orphans = ordinary.filter((span) => {
      const parent = byId.get(span.parentSpanId);
      if (isEdge(span)) return false;
      if (parent === undefined) return span.startMs < START + 86_400_000 - 60_000;
      return parent.traceId !== span.traceId || span.startMs < parent.startMs;
    });
    expect(orphans).toEqual([]);
  });

  it('names the user on edge spans only, and there on most', () => {
    expect(ordinary.filter((span) => !isEdge(span) && userOf(span) !== undefined)).toEqual([]);
    const people = edges.filter(
      ({ attributes }) => !String(attributes['user_agent.original']).startsWith('kube-probe'),
    );
    const identified = people.filter((span) => userOf(span) !== undefined).length / people.length;
    expect(identified).toBeGreaterThan(0.75);
    expect(identified).toBeLessThan(1);
  });

  it('never names a user whom the edge does not know: after a 401, or after a sign-in that failed', () => {
    expect(edges.filter((span) => statusOf(span) === 401 && userOf(span) !== undefined)).toEqual([]);
    expect(edges.filter((span) => statusOf(span) === 401).length).toBeGreaterThan(5);
  });

  it('follows the stable conventions, but for one service with the old ones and one without a route', () => {
    const servers = ordinary.filter(isServer);
    const of = (service: string) => servers.filter(({ resource }) => resource.service === service);
    const stable = [...of('edge-gateway'), ...INNER_SERVICES.flatMap(of)];
    expect(stable.every(({ attributes }) => 'http.request.method' in attributes && 'http.route' in attributes)).toBe(
      true,
    );
    expect(of('search').length).toBeGreaterThan(100);
    expect(of('search').every(({ attributes }) => !('http.route' in attributes) && 'url.path' in attributes)).toBe(
      true,
    );
    expect(of('partner-gateway').length).toBeGreaterThan(100);
    expect(of('partner-gateway').every(isOld)).toBe(true);
    expect(of('partner-gateway').some(({ attributes }) => 'http.request.method' in attributes)).toBe(false);
  });

  it('answers mostly well, with ordinary shares of errors', () => {
    const share = (isIn: (status: number) => boolean) =>
      edges.filter((span) => isIn(statusOf(span))).length / edges.length;
    expect(share((status) => status < 400)).toBeGreaterThan(0.97);
    for (const status of [401, 404]) {
      expect(share((other) => other === status)).toBeGreaterThan(0.0003);
      expect(share((other) => other === status)).toBeLessThan(0.02);
    }
    expect(share((status) => status >= 500)).toBeGreaterThan(0.0002);
    expect(share((status) => status >= 500)).toBeLessThan(0.004);
    expect(edges.some((span) => statusOf(span) === 403)).toBe(true);
  });

  it('is heavy-tailed: the busiest tenth of the people makes more than a quarter of their requests', () => {
    const counts = new Map<unknown, number>();
    for (const span of edges) {
      if (String(userOf(span)).startsWith('usr_')) counts.set(userOf(span), (counts.get(userOf(span)) ?? 0) + 1);
    }
    const sorted = [...counts.values()].toSorted((a, b) => b - a);
    const total = sorted.reduce((sum, count) => sum + count, 0);
    const top = sorted.slice(0, Math.ceil(sorted.length / 10)).reduce((sum, count) => sum + count, 0);
    expect(top / total).toBeGreaterThan(0.25);
    expect(sorted.length).toBeGreaterThan(60);
  });

  it('gives visits in sessions: one address and one client each, most of several requests', () => {
    const sessions = Map.groupBy(
      edges.filter(({ attributes }) => attributes['session.id'] !== undefined),
      ({ attributes }) => attributes['session.id'],
    );
    for (const spans of sessions.values()) {
      const connections = new Set(
        spans.map(
          ({ attributes }) =>
            `${attributes['client.address']} ${attributes['user_agent.original']} ${attributes['user.id']}`,
        ),
      );
      expect(connections.size).toBe(1);
    }
    const lengths = [...sessions.values()].map(({ length }) => length).toSorted((a, b) => a - b);
    expect(lengths[lengths.length >> 1]!).toBeGreaterThan(5);
  });

  it('keeps nothing in memory but its people and what is in flight', () => {
    let spans = 0;
    const world = createWorld({ ...OPTIONS, days: 1000 });
    // A world of a thousand days that kept or planned its spans ahead could not even begin within the test's time.
    for (const span of world) {
      if (++spans === 5000) {
        expect(span.startMs).toBeLessThan(START + 86_400_000);
        break;
      }
    }
    expect(spans).toBe(5000);
  });

  it('labels nothing without attacks, and no confounder either', () => {
    expect(ordinary.every(({ label }) => label === '')).toBe(true);
    const world = createWorld({ ...OPTIONS, confounders: CONFOUNDER_NAMES });
    for (const { label } of world) if (label !== '') throw new Error(`labelled ${label}`);
  });

  it('leaves everybody else as they were when an attack is added', () => {
    const attacked: World = createWorld({ ...OPTIONS, attacks: [{ behavior: 'enumeration', intensity: 'high' }] });
    const others = [...attacked].filter(isEdge).filter(({ label }) => label === '');
    expect(digest(others)).toBe(digest(edges));
  });
});
