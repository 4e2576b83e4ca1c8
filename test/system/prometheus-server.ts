import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { PROMETHEUS_FOLDER } from '../support/alert-rules.ts';
import { ChildProgram } from '../support/child-program.ts';
import { freePorts } from '../support/free-ports.ts';
import type { Processor } from '../support/processor.ts';
import { programPath } from '../support/programs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** How an alert rule fared when Prometheus evaluated it last. */
interface RuleHealth {
  readonly name: string;
  readonly health: 'unknown' | 'ok' | 'err';
  readonly state: 'inactive' | 'pending' | 'firing';
  readonly lastError?: string;
  /** RFC 3339; of the year 1 before the first evaluation. */
  readonly lastEvaluation: string;
}

/** A real Prometheus with the shipped configuration and rules, but that it scrapes one processor, and each second. */
export class PrometheusServer {
  private readonly url: string;

  private constructor(url: string) {
    this.url = url;
  }

  /** Starts it and waits for its first scrape. */
  static async start(processor: Processor): Promise<PrometheusServer> {
    const folder = temporaryFolder();
    const [port] = (await freePorts(1)) as [number];
    const file = path.join(folder, 'prometheus.yml');
    writeFileSync(file, stringify(configFor(new URL(processor.controlUrl).host)));
    const program = new ChildProgram(programPath('prometheus'), [
      `--config.file=${file}`,
      `--storage.tsdb.path=${path.join(folder, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    const server = new PrometheusServer(`http://127.0.0.1:${port}`);
    await program.ready(async () => {
      try {
        return (await server.values('up{job="api-anomaly"} == 1')).length === 1;
      } catch {
        return false;
      }
    });
    return server;
  }

  /** The values of the series an instant query yields. Throws with Prometheus' own words when it cannot be evaluated. */
  async values(query: string): Promise<number[]> {
    const { result } = await this.get<{ result: { value: [number, string] }[] }>(
      `query?query=${encodeURIComponent(query)}`,
    );
    return result.map(({ value }) => Number(value[1]));
  }

  async rules(): Promise<RuleHealth[]> {
    const { groups } = await this.get<{ groups: { rules: RuleHealth[] }[] }>('rules');
    return groups.flatMap(({ rules }) => rules);
  }

  private async get<Data>(call: string): Promise<Data> {
    const response = await fetch(`${this.url}/api/v1/${call}`);
    const { data, error } = (await response.json()) as { data: Data; error?: string };
    if (!response.ok) throw new Error(`${error ?? response.statusText}: ${call}`);
    return data;
  }
}

interface PrometheusConfig {
  readonly scrape_configs: readonly { readonly job_name: string }[];
}

function configFor(target: string): object {
  const text = readFileSync(path.join(PROMETHEUS_FOLDER, 'prometheus.yml'), 'utf8');
  const { scrape_configs: jobs } = parse(text) as PrometheusConfig;
  return {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [path.join(PROMETHEUS_FOLDER, 'rules/*.yaml')],
    scrape_configs: jobs
      .filter(({ job_name: name }) => name === 'api-anomaly')
      .map((job) => ({ ...job, static_configs: [{ targets: [target] }] })),
  };
}
