/** Small marks: severity, state of a model, the number of an open incident, whom something is about. */
import { Badge, type BadgeColor, Icon, type IconName, useStyles2 } from '@grafana/ui';
import React from 'react';
import type { EntityKind, ModelState, Severity } from '../control/answers';
import { sentenceCase } from '../control/words';
import { shortName } from './format';
import { look } from './look';

const SEVERITY: Readonly<Record<Severity, readonly [BadgeColor, IconName]>> = {
  critical: ['red', 'exclamation-circle'],
  high: ['orange', 'exclamation-triangle'],
  medium: ['blue', 'info-circle'],
  low: ['darkgrey', 'circle'],
};

export function SeverityBadge({ severity }: { readonly severity: Severity }) {
  const [color, icon] = SEVERITY[severity] ?? SEVERITY.low;
  return <Badge color={color} icon={icon} text={sentenceCase(severity)} />;
}

const STATE: Readonly<Record<ModelState, readonly [BadgeColor, IconName]>> = {
  active: ['green', 'check-circle'],
  shadow: ['blue', 'eye'],
  candidate: ['purple', 'vial'],
  retired: ['darkgrey', 'history'],
  rejected: ['red', 'times-circle'],
};

export function StateBadge({ state }: { readonly state: ModelState }) {
  const [color, icon] = STATE[state] ?? STATE.retired;
  return <Badge color={color} icon={icon} text={sentenceCase(state)} />;
}

/** The circled number that joins an incident wherever it is shown. */
export function IncidentNumber({ number }: { readonly number: number | undefined }) {
  const styles = useStyles2(look);
  return number === undefined ? null : (
    <span className={styles.number} title={`Open incident ${number}`}>
      {number}
    </span>
  );
}

const KIND: Readonly<Record<EntityKind, readonly [IconName, string]>> = {
  user: ['user', 'User'],
  address: ['sitemap', 'Address'],
  endpoint: ['cube', 'Endpoint'],
};

export function EntityName({ kind, entity }: { readonly kind: EntityKind; readonly entity: string }) {
  const styles = useStyles2(look);
  const [icon, name] = KIND[kind] ?? KIND.user;
  return (
    <span className={styles.secondary} title={`${name} ${entity}`}>
      <Icon name={icon} size="sm" title={name} /> <span className={styles.mono}>{shortName(entity)}</span>
    </span>
  );
}
