import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/** How a program ended: its exit code, or the signal that ended it. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Programs still running, so that a failed test leaves none behind. */
const running = new Set<ChildProgram>();

// Nor does a test run that ends early.
process.on('exit', () => {
  for (const program of running) program.signal('SIGKILL');
});

/** A program started by a test, with everything it has printed. */
export class ChildProgram {
  /** Resolves when the program has ended; never rejects. */
  readonly ended: Promise<ProgramEnd>;
  /** Standard output and standard error together, in order of arrival. */
  output = '';
  standardOutput = '';
  private readonly name: string;
  private readonly child: ChildProcess;
  private end: ProgramEnd | undefined;

  /** Starts `command`. `environment` is added to the test's own, less the settings that are meant for the tests. */
  constructor(command: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.name = command;
    const inherited = { ...process.env };
    // They steer the tests; the service would read the first as a setting of its own.
    delete inherited['TEST_PROGRAMS'];
    delete inherited['NODE_OPTIONS'];
    this.child = spawn(command, args, { env: { ...inherited, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.on('data', (data: Buffer) => {
      this.standardOutput += data.toString();
      this.output += data.toString();
    });
    this.child.stderr?.on('data', (data: Buffer) => {
      this.output += data.toString();
    });
    running.add(this);
    this.ended = new Promise((resolve) => {
      const finish = (end: ProgramEnd): void => {
        this.end = end;
        running.delete(this);
        resolve(end);
      };
      this.child.on('close', (code, signal) => finish({ code, signal }));
      this.child.on('error', (error) => {
        this.output += error.message;
        finish({ code: null, signal: null });
      });
    });
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`${this.name} did not start: ${this.output}`);
    return this.child.pid;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends it at once, as a crash or a loss of power would, and waits until it is gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }

  /** Asks it to stop and waits for the end; after `deadlineMs` the end is forced, and the signal then says so. */
  async stop(deadlineMs = 30_000): Promise<ProgramEnd> {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), deadlineMs);
    const end = await this.ended;
    clearTimeout(timer);
    return end;
  }

  /** Throws with the program's output if it has ended. */
  assertRunning(): void {
    if (this.end === undefined) return;
    throw new Error(`${this.name} ended with ${this.end.signal ?? `exit code ${this.end.code}`}:\n${this.output}`);
  }

  /** Waits until `isReady` answers true. Throws with the program's output when it ends first or takes too long. */
  async ready(isReady: () => boolean | Promise<boolean>, deadlineMs = 30_000): Promise<void> {
    const stopAt = performance.now() + deadlineMs;
    while (!(await isReady())) {
      this.assertRunning();
      if (performance.now() > stopAt)
        throw new Error(`${this.name} was not ready in ${deadlineMs} ms:\n${this.output}`);
      await delay(50);
    }
  }
}

/** Ends every program that still runs; for `afterEach`. */
export async function killAllPrograms(): Promise<void> {
  await Promise.all([...running].map((program) => program.kill()));
}
