import { readFileSync } from 'node:fs';

/** Kernel clock ticks a second in /proc/<pid>/stat: USER_HZ, 100 on every Linux architecture Node runs on. */
const TICKS_PER_SECOND = 100;

/** CPU seconds that a process has used so far, in user and system mode, all its threads together, to 10 ms. Linux only. */
export function cpuSeconds(pid: number): number {
  return secondsIn(`/proc/${pid}/stat`);
}

/** As `cpuSeconds`, of the first thread only: in Node the one of the event loop. */
export function mainThreadSeconds(pid: number): number {
  return secondsIn(`/proc/${pid}/task/${pid}/stat`);
}

/** proc_pid_stat(5), fields 14 and 15. */
function secondsIn(file: string): number {
  const stat = readFileSync(file, 'utf8');
  // The second field is the command in parentheses and may hold spaces; the third comes after the last parenthesis.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
