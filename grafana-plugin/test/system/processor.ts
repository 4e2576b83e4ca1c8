/** A real processor that has played its demo: a simulated day with attacks, models and incidents, and goes on from there. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { continueDay } from './continued-day.ts';
import type { Behind } from './grafana.ts';

const REPOSITORY = path.join(import.meta.dirname, '../../..');
const PATIENCE_MS = 240_000;

export class DemoProcessor {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'anomaly-panel-'));
  #program: ChildProcess | undefined;
  #receiver = '';

  async start(): Promise<Behind> {
    let said = '';
    const command = path.join(REPOSITORY, 'processor/bin/api-anomaly.mjs');
    this.#program = spawn(process.execPath, [command, 'demo', '--keep'], {
      env: { ...process.env, TMPDIR: this.#folder },
    });
    this.#program.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const untilMs = Date.now() + PATIENCE_MS;
    while (!said.includes('Still running')) {
      if (this.#program.exitCode !== null || Date.now() > untilMs)
        throw new Error(`The demo did not get going:\n${said}`);
      await sleep(200);
    }
    const url = /http:\/\/[\d.:]+(?=\/metrics)/.exec(said)?.[0] ?? '';
    this.#receiver = /OTLP\/gRPC on ([\d.:]+)/.exec(said)?.[1] ?? '';
    const data = readdirSync(this.#folder).find((name) => name.startsWith('api-anomaly-demo-')) ?? '';
    const token = (role: string): string => {
      const lines = readFileSync(path.join(this.#folder, data, 'tokens', role), 'utf8').split('\n');
      return lines.find((line) => line !== '' && !line.startsWith('#')) ?? '';
    };
    return {
      url,
      secrets: { readToken: token('viewer'), operateToken: token('operator'), adminToken: token('admin') },
    };
  }

  /** Traffic up to now, with attacks under way. */
  async goOn(): Promise<void> {
    await continueDay(this.#receiver);
  }

  async stop(): Promise<void> {
    const program = this.#program;
    if (program !== undefined && program.exitCode === null) {
      program.kill('SIGINT');
      await new Promise((resolve) => program.once('exit', resolve));
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
