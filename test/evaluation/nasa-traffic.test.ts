import { itWithReferenceData, referencePath } from '../support/reference-data.ts';
import { SpanKind } from './labelled-span.ts';
import { NASA_FILE, NASA_SERVICE, readNasaRequests } from './nasa-traffic.ts';
import { serverSpans, type WebRequest } from './web-request.ts';

const read = () => [...readNasaRequests(referencePath(...NASA_FILE))];

const counts = (values: readonly (string | number)[]) =>
  Object.fromEntries(Array.from(Map.groupBy(values, String), ([value, of]) => [value, of.length]));

describe("NASA's web server log", () => {
  itWithReferenceData(
    'has as many requests, hosts, methods and statuses as its source says',
    NASA_FILE[0],
    async () => {
      const requests = read();
      expect(requests).toHaveLength(30_969);
      expect(new Set(requests.map(({ address }) => address)).size).toBe(2365);
      expect(counts(requests.map(({ method }) => method))).toEqual({ GET: 30_873, HEAD: 95, POST: 1 });
      // Counted with awk.
      expect(counts(requests.map(({ status }) => status))).toEqual({ 200: 27_972, 304: 2421, 302: 355, 404: 221 });
      expect(requests[0]!.timeMs).toBe(807_256_800_000);
      expect(requests.at(-1)!.timeMs).toBe(807_303_121_000);
      expect(requests.every(({ timeMs }, i) => i === 0 || timeMs >= requests[i - 1]!.timeMs)).toBe(true);
    },
  );

  itWithReferenceData('becomes SERVER spans of a web server that knows addresses only', NASA_FILE[0], async () => {
    const spans = [...serverSpans(read(), NASA_SERVICE, 1)];
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(30_969);
    expect(new Set(spans.flatMap(({ attributes }) => Object.keys(attributes!)))).toEqual(
      new Set([
        'http.request.method',
        'url.path',
        'url.query',
        'http.response.status_code',
        'http.response.body.size',
        'client.address',
      ]),
    );
    expect(spans[0]).toMatchObject({
      resource: { 'service.name': 'nasa-web' },
      name: 'GET',
      kind: SpanKind.SERVER,
      startTimeUnixNano: 807_256_800_000_000_000n,
      attributes: {
        'http.request.method': 'GET',
        'url.path': '/images/launch-logo.gif',
        'http.response.status_code': 200,
        'http.response.body.size': 1713,
        'client.address': 'pppa006.compuserve.com',
      },
      label: '',
    });
  });
});

describe('a line of an access log', () => {
  const request: WebRequest = {
    timeMs: 1000,
    method: 'POST',
    target: '/find?what=a?b',
    status: 503,
    responseBytes: 0,
    address: 'a.example',
    label: 'rate_burst#1',
  };

  it('is split into path and query, and failed where the server did', () => {
    const [span] = serverSpans([request], 'site', 1);
    expect(span!.attributes).toMatchObject({ 'url.path': '/find', 'url.query': 'what=a?b' });
    expect(span!.status).toEqual({ code: 2 });
    expect(span!.label).toBe('rate_burst#1');
    const [other] = serverSpans([{ ...request, target: '/find', status: 404 }], 'site', 1);
    expect(other!.attributes).not.toHaveProperty('url.query');
    expect(other).not.toHaveProperty('status');
  });

  it('has ids that follow from the seed alone', () => {
    const [one] = serverSpans([request], 'site', 1);
    const [same] = serverSpans([request], 'site', 1);
    const [other] = serverSpans([request], 'site', 2);
    expect(same).toEqual(one);
    expect(other!.traceId).not.toBe(one!.traceId);
    expect(one!.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(one!.spanId).toMatch(/^[0-9a-f]{16}$/);
  });
});
