/**
 * The service with a watch on its event loop, run as a process of its own: takes the arguments of main.ts. On SIGUSR2 it
 * prints `event loop delay {"p50":…,"p99":…,"max":…}`, in milliseconds since the signal before, and begins anew.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Between two looks at the clock. What a look is late by is the delay. */
const RESOLUTION_MS = 2;

const monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
monitor.enable();
process.on('SIGUSR2', () => {
  const delay = { p50: late(monitor.percentile(50)), p99: late(monitor.percentile(99)), max: late(monitor.max) };
  process.stdout.write(`event loop delay ${JSON.stringify(delay)}\n`);
  monitor.reset();
});

/** Milliseconds that a look at the clock was late by, from the nanoseconds since the look before. */
function late(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
}

await import('../../processor/src/main.ts');
