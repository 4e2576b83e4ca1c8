/** Where in the panel one is: kept in the dashboard's address, so that Back works and links can be shared. */
import { locationService } from '@grafana/runtime';
import { useCallback, useEffect, useSyncExternalStore } from 'react';
import { type View, VIEWS } from './options';

export interface Place {
  readonly tab: View;
  /** Of an incident. */
  readonly incident?: string;
  /** Pseudonym. */
  readonly user?: string;
  /** What the endpoints are searched for. */
  readonly search?: string;
}

export type GoTo = (place: Partial<Place>) => void;

const KEYS = { tab: 'an-tab', incident: 'an-id', user: 'an-user', search: 'an-route' } as const;

/** Panels on the dashboard now; the first has the plain keys, others theirs with their id. */
const shown: number[] = [];
const watchers = new Set<() => void>();

function show(panelId: number): () => void {
  shown.push(panelId);
  watchers.forEach((watcher) => watcher());
  return () => {
    shown.splice(shown.indexOf(panelId), 1);
    watchers.forEach((watcher) => watcher());
  };
}

function watchShown(onChange: () => void): () => void {
  watchers.add(onChange);
  return () => watchers.delete(onChange);
}

export function usePlace(panelId: number, pinned: View | undefined): [Place, GoTo] {
  useEffect(() => show(panelId), [panelId]);
  const isFirst = useSyncExternalStore(watchShown, () => (shown[0] ?? panelId) === panelId);
  const suffix = isFirst ? '' : `-${panelId}`;
  const query = useSyncExternalStore(subscribe, () => locationService.getLocation().search);
  const parameters = new URLSearchParams(query);
  const read = (name: keyof typeof KEYS) => parameters.get(KEYS[name] + suffix) ?? undefined;
  const tab = VIEWS.find((view) => view === read('tab')) ?? 'overview';
  const place = { tab: pinned ?? tab, incident: read('incident'), user: read('user'), search: read('search') };
  const goTo = useCallback<GoTo>(
    (next) => {
      const wanted = { tab: pinned ?? next.tab, incident: next.incident, user: next.user, search: next.search };
      const changes = Object.entries(KEYS).map(([name, key]) => [key + suffix, wanted[name as keyof Place] ?? null]);
      locationService.partial({ ...Object.fromEntries(changes) });
    },
    [pinned, suffix],
  );
  return [place, goTo];
}

const subscribe = (onChange: () => void) => locationService.getHistory().listen(onChange);
