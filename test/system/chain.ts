import path from 'node:path';
import { killAllPrograms } from '../support/child-program.ts';
import { freePorts } from '../support/free-ports.ts';
import { Processor, type Settings } from '../support/processor.ts';
import { removeTemporaryFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { Backend } from './backend.ts';
import { Collector, shippedConfig } from './collector.ts';

/** How the collector and the processor of a chain are set. */
export interface ChainOptions {
  readonly compression?: 'none' | 'gzip';
  /** From the collector to the processor over OTLP/HTTP instead of gRPC. */
  readonly overHttp?: boolean;
  /** Where the processor sends scored spans: back to the collector, as shipped, or straight to the backend. */
  readonly nextHop?: 'collector' | 'backend';
  readonly settings?: Settings;
}

/**
 * applications -> collector -> processor -> the same collector -> backend, each a process of its own, the collector with
 * the configuration that users get.
 */
export class Chain {
  /** Where applications send their spans. */
  readonly grpcAddress: string;
  readonly httpAddress: string;
  readonly collector: Collector;
  readonly processor: Processor;
  readonly backend: Backend;

  static async start(options: ChainOptions = {}): Promise<Chain> {
    const folder = temporaryFolder();
    const [grpc, http, scored, backendPort] = (await freePorts(4)) as [number, number, number, number];
    const nextHop = options.nextHop === 'backend' ? backendPort : scored;
    const processor = await Processor.create(folder, {
      ...options.settings,
      export: { ...options.settings?.['export'], endpoint: `127.0.0.1:${nextHop}` },
    });
    const chain = new Chain(folder, processor, { grpc, http, scored, backend: backendPort }, options);
    await Promise.all([chain.backend.start(), chain.collector.start()]);
    await processor.start();
    return chain;
  }

  private constructor(
    folder: string,
    processor: Processor,
    ports: Readonly<Record<'grpc' | 'http' | 'scored' | 'backend', number>>,
    { compression = 'none', overHttp = false }: ChainOptions,
  ) {
    this.grpcAddress = `127.0.0.1:${ports.grpc}`;
    this.httpAddress = `127.0.0.1:${ports.http}`;
    this.processor = processor;
    this.backend = new Backend(folder, ports.backend);
    const configs = [shippedConfig('round-trip.yaml'), ...(overHttp ? [shippedConfig('over-http.yaml')] : [])];
    this.collector = new Collector(configs, {
      COLLECTOR_GRPC: this.grpcAddress,
      COLLECTOR_HTTP: this.httpAddress,
      COLLECTOR_SCORED: `127.0.0.1:${ports.scored}`,
      COLLECTOR_QUEUE: path.join(folder, 'queue'),
      PROCESSOR_GRPC: processor.grpcAddress,
      PROCESSOR_HTTP: `http://${processor.httpAddress}`,
      PROCESSOR_COMPRESSION: compression,
      BACKEND: this.backend.endpoint,
    });
  }
}

/** Ends every program of a test and removes its folders; for `afterEach`. */
export async function endAll(): Promise<void> {
  await killAllPrograms();
  removeTemporaryFolders();
}
