import { readFileSync } from 'node:fs';

/** Megabytes (of 1000000 bytes) of a process that are in memory now. Linux only. */
export function residentMegabytes(pid: number): number {
  return statusMegabytes(pid, 'VmRSS');
}

/** The most that `residentMegabytes` has ever been for the process. Linux only. */
export function peakMegabytes(pid: number): number {
  return statusMegabytes(pid, 'VmHWM');
}

/** A field of /proc/<pid>/status. proc_pid_status(5). */
function statusMegabytes(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kibibytes = Number(new RegExp(String.raw`^${field}:\s+(\d+) kB$`, 'm').exec(status)?.[1]);
  return (kibibytes * 1024) / 1e6;
}
