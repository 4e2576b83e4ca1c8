import { setTimeout as delay } from 'node:timers/promises';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import type { OtlpSpan } from './otlp-span.ts';
import { expectedSpan, exportSpans, recordCalls } from './sdk-spans.ts';

const SENDERS = 4;
const CALLS_PER_REQUEST = 10;
const PAUSE_MS = 10;

/** A steady load from the SDK's exporter that remembers which spans were acknowledged. */
export class Load {
  /** The spans whose request was answered with success: the ones that may not be lost. */
  readonly acknowledged: OtlpSpan[] = [];
  private readonly exporter: SpanExporter;
  private readonly senders: Promise<void>[];
  private isStopped = false;

  /** Starts sending at once. */
  constructor(exporter: SpanExporter) {
    this.exporter = exporter;
    this.senders = Array.from({ length: SENDERS }, () => this.send());
  }

  /** Waits until `count` more spans are acknowledged. */
  async acknowledge(count: number): Promise<void> {
    const goal = this.acknowledged.length + count;
    while (this.acknowledged.length < goal) await delay(10);
  }

  /** Ends the load when every request under way is acknowledged. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await Promise.all(this.senders);
    await this.exporter.shutdown();
  }

  private async send(): Promise<void> {
    while (!this.isStopped) {
      const spans = recordCalls(CALLS_PER_REQUEST);
      // As a client would that must not lose anything: the same request again until it is acknowledged.
      while (!(await exportSpans(this.exporter, spans))) await delay(100);
      for (const span of spans) this.acknowledged.push(expectedSpan(span));
      await delay(PAUSE_MS);
    }
  }
}
