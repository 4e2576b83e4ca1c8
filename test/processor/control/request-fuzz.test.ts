import * as fc from 'fast-check';
import type { OpenAPIV3_1 } from 'openapi-types';
import { operationsOf, requestsOf } from '../../support/openapi-requests.ts';
import { removeTemporaryFolders, temporaryFolder } from '../../support/temporary-folder.ts';
import { RunningService } from '../running-service.ts';
import { TOKENS } from './control-server.ts';
import { ask, bearer } from './http-ask.ts';

/** More for a soak. */
const REQUESTS = Number(process.env['FUZZ_API_REQUESTS'] ?? 400);
const TEST_TIMEOUT_MS = 60_000 + REQUESTS * 50;

let service: RunningService;
let port: number;
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

beforeAll(async () => {
  process.on('unhandledRejection', note);
  const tokens = { viewer: [TOKENS.viewer], operator: [TOKENS.operator], admin: [TOKENS.admin] };
  service = await RunningService.start(temporaryFolder(), { control: { tokens, max_feedback_per_minute: 100_000 } });
  port = Number(service.service.addresses().control.split(':').at(-1));
});

afterAll(async () => {
  await service.stop();
  process.off('unhandledRejection', note);
  removeTemporaryFolders();
});

test(
  'whatever is asked is answered, and never by a fault',
  async () => {
    const asked = await ask(port, { path: '/openapi.json', headers: bearer(TOKENS.viewer) });
    const operations = operationsOf(JSON.parse(asked.body.toString()) as OpenAPIV3_1.Document);
    const requests = fc.oneof(...operations.map((operation) => requestsOf(operation, Object.values(TOKENS))));
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        const { status, headers, body } = await ask(port, request);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        expect(status).toBeLessThan(500);
        if (status < 400) return;
        expect(headers['content-type']).toMatch(/^application\/problem\+json/);
        expect(JSON.parse(body.toString())).toMatchObject({ status, detail: expect.stringContaining(';') });
      }),
      { numRuns: REQUESTS, seed: 4, endOnFailure: true },
    );
    expect(unhandled).toEqual([]);
    // It reached the calls behind the checks, and the checks.
    expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 400, 401, 403, 415]));
    expect((await ask(port, { path: '/health' })).status).toBe(200);
    const faults = service.log.filter(({ msg }) => msg === 'A control request failed');
    expect(faults).toEqual([]);
    expect(JSON.stringify(service.log)).not.toContain(TOKENS.admin);
  },
  TEST_TIMEOUT_MS,
);
