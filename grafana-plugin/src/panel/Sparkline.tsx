/** A line of scores; what is above `threshold` is drawn in `color`. Hidden from screen readers: the value is in the row. */
import { useTheme2 } from '@grafana/ui';
import React, { useId } from 'react';
import { marks } from './look';

interface Props {
  readonly values: readonly number[];
  readonly width: number;
  readonly height?: number;
  readonly threshold?: number;
  readonly color?: string;
  /** Value at the upper edge; the highest by default. */
  readonly top?: number;
}

export function Sparkline({ values, width, height = 18, threshold = Infinity, color, top }: Props) {
  const theme = useTheme2();
  const clip = useId();
  const highest = top ?? Math.max(1e-9, ...values);
  const y = (value: number) => height - 1 - (height - 2) * Math.min(1, Math.max(0, value / highest));
  const step = width / Math.max(1, values.length - 1);
  const points = values.length === 1 ? [values[0]!, values[0]!] : values;
  const path = points
    .map((value, index) => `${(index * (values.length === 1 ? width : step)).toFixed(1)},${y(value).toFixed(1)}`)
    .join(' ');
  return (
    <svg aria-hidden="true" width={width} height={height} style={{ verticalAlign: 'middle', overflow: 'visible' }}>
      <polyline points={path} fill="none" stroke={marks(theme).line} strokeOpacity={0.55} />
      {points.some((value) => value >= threshold) && (
        <>
          <clipPath id={clip}>
            <rect x={0} y={-2} width={width} height={Math.max(0, y(threshold)) + 2} />
          </clipPath>
          <polyline
            points={path}
            fill="none"
            stroke={color ?? marks(theme).flagged}
            strokeWidth={1.5}
            clipPath={`url(#${clip})`}
          />
        </>
      )}
    </svg>
  );
}
