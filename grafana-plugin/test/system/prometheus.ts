/** A real Prometheus that scrapes the processor, and what Grafana's backend makes of its answers. */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 30_000;

/** A query of a panel, as Grafana sends it to its backend. */
export interface PrometheusQuery {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat?: string;
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: ReadonlyArray<readonly [seconds: number, value: string]>;
}

/** Path of the program; undefined where it is not installed. */
export function findPrometheus(): string | undefined {
  const files = (process.env['PATH'] ?? '').split(path.delimiter).map((folder) => path.join(folder, 'prometheus'));
  return files.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export class Prometheus {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'anomaly-prometheus-'));
  #program: ChildProcess | undefined;
  #url = '';

  /** `target`: host and port of the processor's metrics. Waits for the first scrape. */
  async start(program: string, target: string): Promise<void> {
    const port = await freePort();
    const file = path.join(this.#folder, 'prometheus.json');
    const jobs = [{ job_name: 'api-anomaly', static_configs: [{ targets: [target] }] }];
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ global: { scrape_interval: '1s' }, scrape_configs: jobs }));
    this.#url = `http://127.0.0.1:${port}`;
    this.#program = spawn(
      program,
      [
        `--config.file=${file}`,
        `--storage.tsdb.path=${path.join(this.#folder, 'tsdb')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    );
    const untilMs = Date.now() + PATIENCE_MS;
    while ((await this.#isScraping()) === false) {
      if (Date.now() > untilMs || this.#program.exitCode !== null) {
        throw new Error('Prometheus did not scrape the processor.');
      }
      await sleep(200);
    }
  }

  async stop(): Promise<void> {
    const program = this.#program;
    if (program !== undefined && program.exitCode === null) {
      program.kill('SIGTERM');
      await new Promise((resolve) => program.once('exit', resolve));
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The answer of Grafana's /api/ds/query: one frame a series. Throws what Prometheus says of a wrong query. */
  async frames(query: PrometheusQuery, fromMs: number, toMs: number): Promise<object[]> {
    const step = Math.max(1, Math.ceil((toMs - fromMs) / 1000 / 1000));
    const range = new URLSearchParams({
      query: query.expr,
      start: String(fromMs / 1000),
      end: String(toMs / 1000),
      step: String(step),
    });
    const series = await this.#get<Series[]>(`query_range?${range.toString()}`);
    return series.map(({ metric, values }) => ({
      schema: {
        refId: query.refId,
        fields: [
          { name: 'Time', type: 'time', typeInfo: { frame: 'time.Time' } },
          {
            name: 'Value',
            type: 'number',
            typeInfo: { frame: 'float64' },
            labels: metric,
            config: { displayNameFromDS: legendOf(query.legendFormat ?? '', metric) },
          },
        ],
      },
      data: {
        values: [values.map(([seconds]) => Math.round(1000 * seconds)), values.map(([, value]) => Number(value))],
      },
    }));
  }

  async #isScraping(): Promise<boolean> {
    try {
      return (
        (await this.#get<Series[]>(`query?query=${encodeURIComponent('up{job="api-anomaly"} == 1')}`)).length === 1
      );
    } catch {
      return false;
    }
  }

  async #get<Result>(call: string): Promise<Result> {
    const response = await fetch(`${this.#url}/api/v1/${call}`);
    const { data, error } = (await response.json()) as { data?: { result: Result }; error?: string };
    if (data === undefined) {
      throw new Error(error ?? response.statusText);
    }
    return data.result;
  }
}

const legendOf = (format: string, labels: Readonly<Record<string, string>>): string =>
  format.replace(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? '');

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
