import { itWithReferenceData, referencePath } from '../support/reference-data.ts';
import { type LabelledSpan, SpanKind } from './labelled-span.ts';
import type { Labelling } from './nezha-fault.ts';
import { serviceOf, spanKindOf } from './nezha-trace.ts';
import { NEZHA_FOLDER, type NezhaTraffic, readNezhaTraffic } from './nezha-traffic.ts';

const NANO_PER_SECOND = 1_000_000_000n;

/** Read once for each labelling: there are 188,655 rows. */
const cache = new Map<Labelling, NezhaTraffic>();
function read(labelling: Labelling): NezhaTraffic {
  let traffic = cache.get(labelling);
  if (traffic === undefined) {
    traffic = readNezhaTraffic(referencePath(NEZHA_FOLDER), { labelling });
    cache.set(labelling, traffic);
  }
  return traffic;
}

const idOf = ({ traceId, spanId }: LabelledSpan) => traceId + spanId;
const durationOf = ({ startTimeUnixNano, endTimeUnixNano }: LabelledSpan) => endTimeUnixNano - startTimeUnixNano;
const podOf = ({ resource }: LabelledSpan) => resource['k8s.pod.name'];
const isHttpCall = ({ name }: LabelledSpan) => /^HTTP [A-Z]+$/.test(name!);
const at = (time: string) => BigInt(Date.parse(`2023-01-30T${time}Z`)) * 1_000_000n;

/** The parent of each span that has one. */
function parentsOf(spans: readonly LabelledSpan[]): ReadonlyMap<LabelledSpan, LabelledSpan> {
  const parents = new Map<LabelledSpan, LabelledSpan>();
  for (const trace of Map.groupBy(spans, ({ traceId }) => traceId).values()) {
    const byId = new Map(trace.map((span) => [span.spanId, span]));
    for (const span of trace) {
      const parent = byId.get(span.parentSpanId ?? '');
      if (parent !== undefined) parents.set(span, parent);
    }
  }
  return parents;
}

describe('Nezha', () => {
  itWithReferenceData('has every span once, in order of time, none in a trace torn apart', NEZHA_FOLDER, async () => {
    const { spans } = read('faulty');
    // Counted with another program: 188,655 rows, of which 1014 repeat one of the minute before.
    expect(spans).toHaveLength(187_641);
    expect(new Set(spans.map(idOf)).size).toBe(187_641);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(2608);
    expect(new Set(spans.map(({ resource }) => resource['service.name'])).size).toBe(28);
    const starts = spans.map(({ startTimeUnixNano }) => startTimeUnixNano);
    expect(starts.every((start, i) => i === 0 || start >= starts[i - 1]!)).toBe(true);
    // Clocks of two hosts differ by some 0.3 ms, a delay is up to 6 s, and nothing waits for minutes.
    const parents = parentsOf(spans);
    expect(spans.filter((span) => span.parentSpanId !== undefined && !parents.has(span))).toEqual([]);
    const torn = [...parents].filter(
      ([child, parent]) => child.startTimeUnixNano - parent.startTimeUnixNano > 10n * NANO_PER_SECOND,
    );
    expect(torn).toEqual([]);
  });

  itWithReferenceData('has kinds that its traces bear out', NEZHA_FOLDER, async () => {
    const { spans } = read('faulty');
    const parents = parentsOf(spans);
    const isEntry = (span: LabelledSpan) => !parents.has(span) || podOf(parents.get(span)!) !== podOf(span);
    const ofKind = (kind: number) => spans.filter((span) => span.kind === kind);
    const [server, consumer] = [ofKind(SpanKind.SERVER), ofKind(SpanKind.CONSUMER)];
    expect([server.length, consumer.length]).toEqual([32_017, 218]);
    expect(new Set(spans.filter(isEntry))).toEqual(new Set([...server, ...consumer]));
    const callers = server.flatMap((span) => parents.get(span) ?? []);
    const calls = ofKind(SpanKind.CLIENT).filter(isHttpCall);
    expect(new Set(callers)).toEqual(new Set(calls));
    expect(callers).toHaveLength(calls.length);
    expect(new Set(consumer.map((span) => parents.get(span)!.kind))).toEqual(new Set([SpanKind.PRODUCER]));
  });

  itWithReferenceData('is free of faults where it is to be learned from', NEZHA_FOLDER, async () => {
    const { spans, learnUntilUnixNano } = read('waiting');
    const learned = spans.filter(({ startTimeUnixNano }) => startTimeUnixNano < learnUntilUnixNano);
    // 4890 and 4595 spans of the recordings without faults, 19,104 in traces that ended before a fault with an odd number.
    expect(learned).toHaveLength(4890 + 4595 + 19_104);
    expect(learned.filter(({ label }) => label !== '')).toEqual([]);
    const last = learned.reduce((latest, { endTimeUnixNano: end }) => (end > latest ? end : latest), 0n);
    expect(last).toBeLessThan(learnUntilUnixNano);
    expect(learned[0]!.startTimeUnixNano / NANO_PER_SECOND).toBe(at('08:48:16') / NANO_PER_SECOND);
    // Nothing moved overlaps the recordings without faults.
    const between = learned.filter(({ startTimeUnixNano: start }) => start > at('08:51:30') && start < at('11:38:52'));
    expect(between).toHaveLength(19_104);
    expect(learnUntilUnixNano).toBeGreaterThan(at('11:51:46'));
  });

  itWithReferenceData('leaves traffic before a fault where it was when it is not learned', NEZHA_FOLDER, async () => {
    const { spans, learnUntilUnixNano } = readNezhaTraffic(referencePath(NEZHA_FOLDER), {
      labelling: 'faulty',
      isLearned: () => false,
    });
    const learned = spans.filter(({ startTimeUnixNano }) => startTimeUnixNano < learnUntilUnixNano);
    expect(learned).toHaveLength(4890 + 4595);
    expect(new Date(Number(learnUntilUnixNano / 1_000_000n)).toISOString()).toBe('2023-01-30T11:50:53.319Z');
  });

  itWithReferenceData("labels the faulty pod's SERVER spans while it is faulty", NEZHA_FOLDER, async () => {
    const { spans, faults } = read('faulty');
    expect(faults.map(({ type }) => type).filter((type) => type === 'network_delay')).toHaveLength(14);
    const labelled = Map.groupBy(spans, ({ label }) => label);
    // Counted with another program: spans of the pod named by a route that start after the fault, in its recording.
    const counts = [13, 90, 47, 90, 14, 9, 11, 10, 10, 47, 40, 51, 15, 60, 64, 20, 16];
    expect(faults.map(({ label }) => labelled.get(label)!.length)).toEqual(counts);
    for (const { label, number, type, pod, fromUnixNano, untilUnixNano, injectTime } of faults) {
      expect(label).toBe(`${type}#${number}`);
      const injectMs = Date.parse(`${injectTime.replace(' ', 'T')}Z`);
      const offMs = [3].includes(number) ? 60_000 : [4, 11, 13].includes(number) ? -60_000 : 0;
      expect(Number(fromUnixNano / 1_000_000n)).toBe(injectMs + offMs);
      expect(untilUnixNano - fromUnixNano).toBeLessThan(200n * NANO_PER_SECOND);
      const wrong = labelled
        .get(label)!
        .filter(
          ({ kind, startTimeUnixNano: start, resource }) =>
            kind !== SpanKind.SERVER ||
            resource['k8s.pod.name'] !== pod ||
            start < fromUnixNano ||
            start >= untilUnixNano,
        );
      expect(wrong).toEqual([]);
    }
  });

  itWithReferenceData(
    'shows a network delay between CLIENT and SERVER span, from the moment taken for its start',
    NEZHA_FOLDER,
    async () => {
      const { spans, faults } = read('faulty');
      const parents = parentsOf(spans);
      const isDelayed = (span: LabelledSpan) => durationOf(parents.get(span)!) - durationOf(span) > 900_000_000n;
      const delays = faults.filter(({ type }) => type === 'network_delay');
      const labels = new Set(delays.map(({ label }) => label));
      const during = spans.filter(({ label }) => labels.has(label));
      expect(during).toHaveLength(459);
      // Counted with another program. The other five were called within two seconds of its start.
      expect(during.filter(isDelayed)).toHaveLength(454);
      for (const { pod, fromUnixNano } of delays) {
        const before = spans.filter(
          (span) =>
            podOf(span) === pod &&
            span.kind === SpanKind.SERVER &&
            span.startTimeUnixNano > fromUnixNano - 120n * NANO_PER_SECOND &&
            span.startTimeUnixNano < fromUnixNano,
        );
        expect(before.filter(isDelayed)).toEqual([]);
      }
    },
  );

  itWithReferenceData('offers the spans that waited as well', NEZHA_FOLDER, async () => {
    const { spans } = read('faulty');
    const parents = parentsOf(spans);
    const expected = { caller: new Map<LabelledSpan, string>(), waiting: new Map<LabelledSpan, string>() };
    for (const span of spans.filter(({ label }) => label !== '')) {
      // From the call up to the root: the call itself, then the first SERVER span or all of them.
      const above: LabelledSpan[] = [];
      for (let next = parents.get(span); next !== undefined; next = parents.get(next)) above.push(next);
      const servers = above.filter(({ kind }) => kind === SpanKind.SERVER);
      expect(isHttpCall(above[0]!)).toBe(true);
      expect(above.at(-1)!.resource['service.name']).toBe('ts-gateway-service');
      const isSlow = span.label.startsWith('cpu_contention');
      for (const slow of isSlow ? [span] : [above[0]!, servers[0]!]) expected.caller.set(slow, span.label);
      for (const slow of [...(isSlow ? [span] : []), above[0]!, ...servers]) expected.waiting.set(slow, span.label);
    }
    for (const labelling of ['caller', 'waiting'] as const) {
      const other = read(labelling).spans;
      expect(other.filter((span, i) => idOf(span) !== idOf(spans[i]!))).toEqual([]);
      expect(other.filter(({ label }, i) => label !== (expected[labelling].get(spans[i]!) ?? ''))).toEqual([]);
    }
  });
});

describe('a row of Nezha', () => {
  it.each([
    ['ts-food-service-f5756978c-6sb8t', 'ts-food-service'],
    ['ts-verification-code-service-7b6dc75c45-r66rb', 'ts-verification-code-service'],
    ['ts-travel2-service-5c66d57d58-zxw8n', 'ts-travel2-service'],
  ])('%s is a pod of %s', (pod, service) => {
    expect(serviceOf(pod)).toBe(service);
  });

  it.each([
    ['/api/v1/users/login', SpanKind.SERVER],
    ['/*', SpanKind.SERVER],
    ['HTTP POST', SpanKind.CLIENT],
    ['SELECT ts.orders', SpanKind.CLIENT],
    ['SELECT Order', SpanKind.INTERNAL],
    ['UserController.getToken', SpanKind.INTERNAL],
    ['<default> send', SpanKind.PRODUCER],
    ['food_delivery process', SpanKind.CONSUMER],
  ])('%s is a span of kind %i', (operation, kind) => {
    expect(spanKindOf(operation)).toBe(kind);
  });
});
