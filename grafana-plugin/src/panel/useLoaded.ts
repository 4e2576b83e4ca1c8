/** What was asked of the processor, kept up to date, with what went wrong. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { type ControlProblem, problemOf } from '../control/problem';

export interface Loaded<Value> {
  /** The latest answer; stays while the next one is awaited and when that fails. */
  readonly value: Value | undefined;
  readonly problem: ControlProblem | undefined;
  readonly isLoading: boolean;
  /** Unix milliseconds of the latest answer. */
  readonly atMs: number | undefined;
  readonly reload: () => void;
}

type State<Value> = Omit<Loaded<Value>, 'reload'> & { readonly key: string };

/**
 * Loads at once, whenever `key` changes and every `everyMs`. An answer to an earlier key is not shown; with `keep` it
 * stays until the next one has come. An undefined `load` asks nothing.
 */
export function useLoaded<Value>(
  key: string,
  load: ((signal: AbortSignal) => Promise<Value>) | undefined,
  { everyMs, keep = false }: { readonly everyMs?: number; readonly keep?: boolean } = {},
): Loaded<Value> {
  const [state, setState] = useState<State<Value>>({ key, ...nothing });
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  useEffect(() => {
    latest.current = load;
  });
  const isAsked = load !== undefined;
  useEffect(() => {
    const ask = latest.current;
    if (!isAsked || ask === undefined) {
      return undefined;
    }
    const control = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async () => {
      setState((before) =>
        before.key === key || keep ? { ...before, key, isLoading: true } : { ...nothing, key, isLoading: true },
      );
      try {
        const value = await ask(control.signal);
        if (!control.signal.aborted) {
          setState({ key, value, problem: undefined, isLoading: false, atMs: Date.now() });
        }
      } catch (error) {
        if (!control.signal.aborted) {
          setState((before) => ({ ...before, key, isLoading: false, problem: problemOf(error, key) }));
        }
      }
      if (everyMs !== undefined && !control.signal.aborted) {
        timer = setTimeout(() => void run(), everyMs);
      }
    };
    void run();
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, [key, keep, everyMs, isAsked, turn]);
  const reload = useCallback(() => setTurn((count) => count + 1), []);
  const isCurrent = state.key === key || keep;
  return isCurrent ? { ...state, reload } : { ...nothing, isLoading: isAsked, reload };
}

const nothing = { value: undefined, problem: undefined, isLoading: false, atMs: undefined } as const;
