import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Collector } from './collector.ts';
import { type OtlpSpan, spansOfLine } from './otlp-span.ts';

/** A collector that stands for the trace backend: it keeps every span it acknowledges in a file. */
export class Backend {
  readonly endpoint: string;
  private readonly file: string;
  private readonly collector: Collector;

  constructor(folder: string, port: number) {
    this.endpoint = `127.0.0.1:${port}`;
    this.file = path.join(folder, 'backend.jsonl');
    this.collector = new Collector([path.join(import.meta.dirname, 'backend.yaml')], {
      BACKEND: this.endpoint,
      BACKEND_FILE: this.file,
    });
  }

  start(): Promise<void> {
    return this.collector.start();
  }

  /** Stops it gracefully, so that all it acknowledged is in the file. */
  stop(): Promise<void> {
    return this.collector.stop();
  }

  /** Every span received so far, in order of arrival, one entry for each arrival. */
  spans(): OtlpSpan[] {
    if (!existsSync(this.file)) return [];
    const lines = readFileSync(this.file, 'utf8').split('\n');
    // The last line may still be in the writing.
    return lines.slice(0, -1).flatMap(spansOfLine);
  }

  /**
   * Waits until spans with `count` different ids are there, then a little longer for what should not come, and returns
   * all arrivals. After `deadlineMs` it returns what there is: the assertions then say what is missing.
   */
  async spansOnce(count: number, deadlineMs = 60_000): Promise<OtlpSpan[]> {
    const stopAt = performance.now() + deadlineMs;
    while (new Set(this.spans().map((span) => span.spanId)).size < count && performance.now() < stopAt)
      await delay(200);
    await delay(500);
    return this.spans();
  }
}
