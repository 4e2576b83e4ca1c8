/** An end to what would be waited for without one. */
import { ControlProblem } from './problem';

/** Longer than Grafana's proxy waits itself, which is 30 s by default. */
export const PATIENCE_MS = 40_000;

/** What `ask` resolves with; after `limitMs` its signal is aborted, and it is a problem of the kind `unreachable`. */
export async function patiently<Answer>(
  limitMs: number,
  { call, signal }: { readonly call: string; readonly signal: AbortSignal | undefined },
  ask: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const control = new AbortController();
  const giveUp = () => control.abort();
  signal?.addEventListener('abort', giveUp);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ControlProblem('unreachable', `Nothing came back within ${limitMs / 1000} s.`, { call }));
      giveUp();
    }, limitMs);
  });
  try {
    return await Promise.race([ask(control.signal), end]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}
