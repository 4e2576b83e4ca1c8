/** What the views have in common: the processor, who looks, and from where. */
import type { TimeRange } from '@grafana/data';
import { config } from '@grafana/runtime';
import { createContext, useContext } from 'react';
import type { Incident, Status } from '../control/answers';
import type { ControlClient } from '../control/client';
import type { Loaded } from './useLoaded';
import type { GoTo } from './usePlace';

export interface Control {
  readonly client: ControlClient;
  /** What may be done: by the role in Grafana and the tokens there are. The proxy checks it too. */
  readonly mayOperate: boolean;
  readonly mayAdminister: boolean;
  readonly dataSource: { readonly uid: string; readonly name: string };
  /** UID of the data source that opens traces. */
  readonly traces: string | undefined;
  readonly timeRange: TimeRange;
  readonly timeZone: string;
  readonly width: number;
  /** Of what is below the tabs. */
  readonly height: number;
  readonly status: Loaded<Status>;
  /** By the processor's clock, when it was asked last: the browser's may be wrong. */
  readonly nowMs: number;
  /** Open incidents, the most unusual first. */
  readonly open: Loaded<readonly Incident[]>;
  readonly goTo: GoTo;
  readonly zoomTo: (fromMs: number, toMs: number) => void;
  /** Says that something was done; with a way to undo it where there is one. */
  readonly tell: (text: string, undo?: () => Promise<void>) => void;
}

const Context = createContext<Control | undefined>(undefined);
export const ControlProvider = Context.Provider;

export function useControl(): Control {
  const control = useContext(Context);
  if (control === undefined) {
    throw new Error('There is no control data source here.');
  }
  return control;
}

/** Number of an open incident on screen, 1 to 5 by score; undefined for others. */
export function numberOf(open: readonly Incident[] | undefined, id: string): number | undefined {
  const place = open?.findIndex((incident) => incident.id === id) ?? -1;
  return place >= 0 && place < MOST_NUMBERED ? place + 1 : undefined;
}

export const MOST_NUMBERED = 5;

/** The organisation role of who looks at it; a server admin is one everywhere. */
export function roleIsAtLeast(role: 'Editor' | 'Admin'): boolean {
  const { orgRole, isGrafanaAdmin } = config.bootData.user;
  return isGrafanaAdmin || orgRole === 'Admin' || (role === 'Editor' && orgRole === 'Editor');
}
