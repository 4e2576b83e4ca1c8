import type { Processor, Settings } from '../support/processor.ts';
import { exportSpans, recordCalls, sdkExporter } from './sdk-spans.ts';

/** A first model after a few thousand calls, so that a test need not wait for more. */
export const QUICK_MODEL = {
  model: { min_rows: 2000, min_entities: 20, min_hours: 1, trees: 50, sample_rows: 2000, retrain_every_hours: 0 },
} as const satisfies Settings;

/** Calls that `train` sends. */
export const CALLS_TO_TRAIN = 6000;
const CALLS_PER_REQUEST = 500;
const SECONDS_BETWEEN_CALLS = 3;

/** Sends some hours of ordinary traffic, the last of it now, and returns the version of the model that came of it. */
export async function train(processor: Processor): Promise<string> {
  const exporter = sdkExporter('grpc', processor.grpcAddress);
  const begin = Date.now() / 1000 - CALLS_TO_TRAIN * SECONDS_BETWEEN_CALLS;
  for (let call = 0; call < CALLS_TO_TRAIN; call += CALLS_PER_REQUEST) {
    const spans = recordCalls(CALLS_PER_REQUEST, begin + call * SECONDS_BETWEEN_CALLS, SECONDS_BETWEEN_CALLS);
    expect(await exportSpans(exporter, spans)).toBe(true);
  }
  await exporter.shutdown();
  let version: string | undefined;
  await processor.program?.ready(async () => {
    version = await modelVersion(processor);
    return version !== undefined;
  });
  return version ?? '';
}

/** Version of the model in use; undefined while there is none. */
export async function modelVersion(processor: Processor): Promise<string | undefined> {
  return /^api_anomaly_model_info\{[^}]*version="([^"]+)"[^}]*\} 1$/m.exec(await processor.metrics())?.[1];
}
