/** The views as tabs, or as a list where there is little room. */
import { Combobox, Tab, TabsBar, useStyles2 } from '@grafana/ui';
import React from 'react';
import type { Control } from './control';
import * as format from './format';
import { look } from './look';
import { type View, VIEWS } from './options';
import type { Place } from './usePlace';

export const TITLES: Readonly<Record<View, string>> = {
  overview: 'Overview',
  incidents: 'Incidents',
  users: 'Users',
  endpoints: 'Endpoints',
  model: 'Model',
};

export function TabBar({
  place,
  control: { goTo, open, status, timeZone, width },
}: {
  readonly place: Place;
  readonly control: Control;
}) {
  const styles = useStyles2(look);
  const updated = status.atMs === undefined ? '' : `Updated ${format.time(status.atMs, timeZone, 'HH:mm:ss')}`;
  if (width < 480) {
    return (
      <div className={styles.bar} style={{ padding: 8 }}>
        <Combobox
          aria-label="View"
          options={VIEWS.map((value) => ({ value, label: TITLES[value] }))}
          value={place.tab}
          onChange={({ value }) => goTo({ tab: value })}
        />
      </div>
    );
  }
  return (
    <div className={styles.bar}>
      <TabsBar className={styles.grow}>
        {VIEWS.map((view) => (
          <Tab
            key={view}
            label={TITLES[view]}
            active={place.tab === view}
            counter={
              view === 'incidents' && open.value !== undefined && open.value.length > 0 ? open.value.length : undefined
            }
            onChangeTab={() => goTo({ tab: view })}
          />
        ))}
      </TabsBar>
      <div className={styles.barEnd}>{updated}</div>
    </div>
  );
}
