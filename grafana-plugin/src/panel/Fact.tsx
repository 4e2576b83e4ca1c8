/** One figure of a strip, with what it means beside it. */
import { Icon, useStyles2 } from '@grafana/ui';
import React from 'react';
import { look } from './look';

interface FactProps {
  readonly label: string;
  readonly value: React.ReactNode;
  /** Of the strip, that it takes. */
  readonly columns?: number;
}

export function Fact({ label, value, columns = 1, children }: React.PropsWithChildren<FactProps>) {
  const styles = useStyles2(look);
  return (
    <div style={{ gridColumn: `span ${columns}` }}>
      <div className={styles.muted}>{label}</div>
      <div className={`${styles.row} ${styles.cut}`} style={{ alignItems: 'baseline' }}>
        <span className={styles.value}>{value}</span>
        <span className={`${styles.muted} ${styles.cut}`}>{children}</span>
      </div>
    </div>
  );
}

export function Warning({ children, title }: React.PropsWithChildren<{ readonly title?: string }>) {
  const styles = useStyles2(look);
  return (
    <span className={styles.warning} title={title}>
      <Icon name="exclamation-triangle" size="sm" /> {children}
    </span>
  );
}
