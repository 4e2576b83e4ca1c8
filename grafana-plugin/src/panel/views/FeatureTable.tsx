/** Why it stands out: per feature what was observed, and where that lies in the own history and among peers. */
import { useStyles2, useTheme2 } from '@grafana/ui';
import React, { useState } from 'react';
import type { FeatureExplanation, FeatureRange } from '../../control/answers';
import { featureInWords } from '../../control/words';
import { testIds } from '../../testIds';
import * as format from '../format';
import { look, marks } from '../look';

const FEW = 5;
const TRACK = 242;

export function FeatureTable({
  features,
  isNarrow,
}: {
  readonly features: readonly FeatureExplanation[];
  readonly isNarrow: boolean;
}) {
  const styles = useStyles2(look);
  const theme = useTheme2();
  const [areAllShown, setAllShown] = useState(false);
  const shown = areAllShown ? features : features.slice(0, FEW);
  const colors = marks(theme);
  return (
    <section className={styles.card} data-testid={testIds.panel.features} aria-label="Why it stands out">
      <div className={styles.head}>
        <h3>Why it stands out</h3>
        <span className={styles.muted}>strongest first</span>
      </div>
      <div style={{ overflow: 'auto' }} className={styles.grow} tabIndex={0} role="group" aria-label="Features">
        <table className={styles.table}>
          <thead>
            <tr>
              <th>Feature</th>
              <th className={styles.right} style={{ textAlign: 'right' }}>
                Now
              </th>
              <th style={{ textAlign: 'right' }}>Usually</th>
              {!isNarrow && <th style={{ textAlign: 'right' }}>Own</th>}
              {!isNarrow && <th style={{ textAlign: 'right' }}>Peers</th>}
            </tr>
          </thead>
          <tbody>
            {shown.map((feature) => (
              <tr key={feature.name}>
                <td>
                  <div>{featureInWords(feature.name)}</div>
                  <Track feature={feature} />
                </td>
                <td className={`${styles.right} ${styles.unbroken} ${styles.strong}`}>
                  {format.measure(feature.observed, feature.unit)}
                  <span className={styles.hidden}>, {feature.direction} what is usual</span>
                </td>
                <td className={`${styles.right} ${styles.unbroken} ${styles.secondary}`}>
                  {format.measure(feature.expected, feature.unit)}
                </td>
                {!isNarrow && (
                  <td className={`${styles.right} ${styles.unbroken} ${styles.small}`}>{percentile(feature.own)}</td>
                )}
                {!isNarrow && (
                  <td className={`${styles.right} ${styles.unbroken} ${styles.small}`}>{percentile(feature.peers)}</td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
        {features.length > FEW && (
          <button
            type="button"
            className={`${styles.link} ${styles.pad}`}
            style={{ padding: '8px 12px' }}
            onClick={() => setAllShown(!areAllShown)}
          >
            {areAllShown ? 'Show fewer' : `Show ${features.length - FEW} more`}
          </button>
        )}
      </div>
      <div
        className={`${styles.wrap} ${styles.muted}`}
        style={{ padding: '6px 12px', borderTop: `1px solid ${theme.colors.border.weak}`, gap: 16 }}
      >
        <Key draw={<rect x={0} y={2} width={16} height={8} fill={colors.line} fillOpacity={0.3} />}>
          usual range, own
        </Key>
        <Key draw={<line x1={0} x2={16} y1={6} y2={6} stroke={colors.line} strokeOpacity={0.6} strokeWidth={2} />}>
          of peers
        </Key>
        <Key draw={<line x1={8} x2={8} y1={0} y2={12} stroke={colors.line} strokeWidth={2} />}>median</Key>
        <Key draw={<rect x={0} y={4} width={16} height={4} fill={colors.flagged} />}>now</Key>
      </div>
    </section>
  );
}

function Key({ draw, children }: React.PropsWithChildren<{ readonly draw: React.ReactNode }>) {
  return (
    <span style={{ display: 'inline-flex', gap: 6, alignItems: 'center', whiteSpace: 'nowrap' }}>
      <svg aria-hidden="true" width={16} height={12}>
        {draw}
      </svg>
      {children}
    </span>
  );
}

function percentile(range: FeatureRange | null): string {
  if (range === null) {
    return '–';
  }
  const value = range.percentile;
  if (value > 99.99) {
    return '> p99.99';
  }
  if (value < 0.01) {
    return '< p0.01';
  }
  return `p${value > 99.9 || value < 0.1 ? value.toFixed(2) : value > 99 || value < 1 ? value.toFixed(1) : value.toFixed(0)}`;
}

/** On a logarithmic scale, since counts differ by factors. */
function Track({ feature: { observed, expected, own, peers } }: { readonly feature: FeatureExplanation }) {
  const theme = useTheme2();
  const colors = marks(theme);
  const known = [observed, expected, own?.p5, own?.p50, own?.p95, peers?.p5, peers?.p50, peers?.p95];
  const values = known.filter((value): value is number => typeof value === 'number').map(compressed);
  const low = Math.min(...values);
  const reach = Math.max(1e-9, Math.max(...values) - low);
  const x = (value: number) => 4 + ((TRACK - 8) * (compressed(value) - low)) / reach;
  const middle = expected ?? own?.p50 ?? peers?.p50;
  return (
    <svg
      aria-hidden="true"
      width="100%"
      height={18}
      viewBox={`0 0 ${TRACK} 18`}
      preserveAspectRatio="none"
      style={{ maxWidth: TRACK, display: 'block' }}
    >
      <line x1={0} x2={TRACK} y1={9} y2={9} stroke={theme.colors.border.weak} />
      {own !== null && (
        <rect
          x={x(own.p5)}
          y={4}
          width={Math.max(2, x(own.p95) - x(own.p5))}
          height={10}
          fill={colors.line}
          fillOpacity={0.3}
        />
      )}
      {peers !== null && (
        <line
          x1={x(peers.p5)}
          x2={Math.max(x(peers.p5) + 2, x(peers.p95))}
          y1={16}
          y2={16}
          stroke={colors.line}
          strokeOpacity={0.6}
          strokeWidth={1.5}
        />
      )}
      {observed !== null && middle !== undefined && middle !== null && (
        <line x1={x(middle)} x2={x(observed)} y1={9} y2={9} stroke={colors.flagged} strokeWidth={4} />
      )}
      {middle !== undefined && middle !== null && (
        <line x1={x(middle)} x2={x(middle)} y1={3} y2={15} stroke={colors.line} strokeWidth={1.5} />
      )}
      {observed !== null && (
        <line x1={x(observed)} x2={x(observed)} y1={3} y2={15} stroke={colors.flagged} strokeWidth={2} />
      )}
    </svg>
  );
}

const compressed = (value: number): number => Math.sign(value) * Math.log1p(Math.abs(value));
