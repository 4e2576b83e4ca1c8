import type { Meter } from '@opentelemetry/api';

/** The metrics that every Prometheus client library has of its process, by their usual names. Read at each scrape. */
export function observeProcess(meter: Meter): void {
  const cpu = meter.createObservableCounter('process_cpu_seconds_total', {
    unit: 's',
    description: 'CPU time of the process, user and system, all threads.',
  });
  cpu.addCallback((result) => {
    const { user, system } = process.cpuUsage();
    result.observe((user + system) / 1e6);
  });

  const memory = meter.createObservableGauge('process_resident_memory_bytes', {
    unit: 'By',
    description: 'Resident memory of the process.',
  });
  memory.addCallback((result) => result.observe(process.memoryUsage.rss()));

  const start = meter.createObservableGauge('process_start_time_seconds', {
    unit: 's',
    description: 'When the process started, in Unix time.',
  });
  start.addCallback((result) => result.observe(performance.timeOrigin / 1000));
}
