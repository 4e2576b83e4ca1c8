/** A list of any length: only the rows in sight are drawn. One tab stop; arrows, Home and End move, Enter opens. */
import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import { useVirtualizer } from '@tanstack/react-virtual';
import React, { useRef, useState } from 'react';

export interface Column<Row> {
  readonly header: string;
  /** Of a CSS grid. */
  readonly width: string;
  readonly isRight?: boolean;
  readonly cell: (row: Row, index: number) => React.ReactNode;
}

interface Props<Row> {
  readonly label: string;
  readonly testId: string;
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly columns: ReadonlyArray<Column<Row>>;
  readonly rowHeight: number;
  readonly isHeaderHidden?: boolean;
  readonly selected?: string | undefined;
  readonly onOpen?: (row: Row) => void;
  readonly onEscape?: () => void;
}

export function RowTable<Row>(props: Props<Row>) {
  const { label, testId, rows, keyOf, columns, rowHeight, isHeaderHidden = false, selected, onOpen, onEscape } = props;
  const styles = useStyles2(getStyles);
  const scroller = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState(0);
  // The compiler's advice against it does not matter: nothing here is memoised.
  // eslint-disable-next-line react-hooks/incompatible-library
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 6,
    initialRect: { width: 800, height: 600 },
  });
  const current = Math.min(focused, rows.length - 1);
  const grid = { gridTemplateColumns: columns.map(({ width }) => width).join(' ') };
  const isGrid = onOpen !== undefined;
  const move = (index: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, index));
    setFocused(next);
    virtualizer.scrollToIndex(next);
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus());
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowDown: current + 1,
      ArrowUp: current - 1,
      Home: 0,
      End: rows.length - 1,
    };
    const isRow = event.target instanceof HTMLElement && event.target.dataset['index'] !== undefined;
    if (event.key === 'Escape' && onEscape !== undefined) {
      onEscape();
    } else if (isRow && steps[event.key] !== undefined) {
      event.preventDefault();
      move(steps[event.key]!);
    } else if (isRow && event.key === 'Enter' && rows[current] !== undefined) {
      onOpen?.(rows[current]);
    }
  };
  return (
    <div
      role={isGrid ? 'grid' : 'table'}
      aria-label={label}
      aria-rowcount={rows.length + 1}
      className={styles.table}
      data-testid={testId}
      onKeyDown={isGrid ? onKeyDown : undefined}
    >
      <div role="rowgroup" className={isHeaderHidden ? styles.hidden : undefined}>
        <div role="row" aria-rowindex={1} className={cx(styles.row, styles.header)} style={grid}>
          {columns.map(({ header, isRight }) => (
            <div key={header} role="columnheader" className={isRight ? styles.right : undefined}>
              {header}
            </div>
          ))}
        </div>
      </div>
      {/* Scrolled by keyboard also where its rows take no focus. */}
      <div role="rowgroup" ref={scroller} className={styles.scroller} tabIndex={isGrid ? undefined : 0}>
        <div role="presentation" style={{ height: virtualizer.getTotalSize(), position: 'relative' }}>
          {virtualizer.getVirtualItems().map(({ index, start }) => {
            const row = rows[index];
            if (row === undefined) {
              return null;
            }
            const key = keyOf(row);
            return (
              <div
                key={key}
                role="row"
                aria-rowindex={index + 2}
                aria-selected={isGrid ? key === selected : undefined}
                data-index={index}
                tabIndex={isGrid ? (index === current ? 0 : -1) : undefined}
                className={cx(styles.row, isGrid && styles.isOpening, key === selected && styles.selected)}
                style={{ ...grid, height: rowHeight, transform: `translateY(${start}px)` }}
                onFocus={() => setFocused(index)}
                onClick={isGrid ? () => onOpen(row) : undefined}
              >
                {columns.map(({ header, isRight, cell }) => (
                  <div
                    key={header}
                    role={isGrid ? 'gridcell' : 'cell'}
                    className={cx(styles.cell, isRight && styles.right)}
                  >
                    {cell(row, index)}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function getStyles({ colors, spacing, typography }: GrafanaTheme2) {
  return {
    table: css({ display: 'flex', flexDirection: 'column', flex: 1, minHeight: 0, minWidth: 0 }),
    scroller: css({ flex: 1, minHeight: 0, overflowY: 'auto', overflowX: 'hidden' }),
    row: css({
      display: 'grid',
      alignItems: 'center',
      gap: spacing(1.5),
      padding: spacing(0, 1.5),
      borderBottom: `1px solid ${colors.border.weak}`,
      width: '100%',
      '[role=rowgroup] &[data-index]': { position: 'absolute', top: 0, left: 0 },
    }),
    header: css({
      fontSize: typography.bodySmall.fontSize,
      lineHeight: '18px',
      fontWeight: typography.fontWeightMedium,
      color: colors.text.secondary,
      padding: spacing(0.75, 1.5),
    }),
    isOpening: css({
      cursor: 'pointer',
      '&:hover': { background: colors.action.hover },
      '&:focus-visible': { outline: `2px solid ${colors.primary.main}`, outlineOffset: -2 },
    }),
    selected: css({ background: colors.action.hover, boxShadow: `inset 2px 0 0 ${colors.warning.main}` }),
    cell: css({ minWidth: 0, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }),
    right: css({ textAlign: 'right' }),
    hidden: css({ position: 'absolute', width: 1, height: 1, overflow: 'hidden', clipPath: 'inset(50%)' }),
  };
}
