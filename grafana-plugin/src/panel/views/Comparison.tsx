/** A version against the active one: its gates, and the distribution of scores of both. */
import { Icon, useStyles2, useTheme2 } from '@grafana/ui';
import React from 'react';
import type { Model } from '../../control/answers';
import { gateInWords } from '../../control/words';
import { testIds } from '../../testIds';
import { useControl } from '../control';
import { look, marks } from '../look';

const WIDTH = 240;
const HEIGHT = 150;

export function Comparison({ model, active }: { readonly model: Model; readonly active: Model | undefined }) {
  const { width } = useControl();
  const styles = useStyles2(look);
  const other = active === undefined || active.version === model.version ? undefined : active;
  const isPassed = model.gates.every(({ passed }) => passed);
  const isCurveShown = model.series.length > 1 && width >= 480;
  return (
    <section
      className={`${styles.card} ${styles.grow}`}
      data-testid={testIds.panel.comparison}
      aria-label={`Gates of ${model.version}`}
    >
      <div className={styles.head}>
        <h3>{other === undefined ? model.version : `${model.version} against ${other.version}`}</h3>
        <span className={styles.muted}>
          {model.gates.length === 0 ? 'no gates known' : isPassed ? 'all gates passed' : 'not all gates passed'}
        </span>
      </div>
      <div
        className={styles.columns}
        style={{ gridTemplateColumns: isCurveShown ? `minmax(0, 1fr) ${WIDTH + 24}px` : undefined, overflow: 'auto' }}
        tabIndex={0}
        role="group"
        aria-label="Gates and scores"
      >
        <table className={styles.table} style={{ alignSelf: 'start' }}>
          <thead>
            <tr>
              <th>Gate, and what it needs</th>
              <th>Found</th>
            </tr>
          </thead>
          <tbody>
            {model.gates.map(({ gate, passed, detail }) => (
              <tr key={gate} style={{ verticalAlign: 'top' }}>
                <td style={{ width: '42%' }}>
                  <div className={styles.row} style={{ alignItems: 'flex-start' }}>
                    <Icon
                      name={passed ? 'check' : 'times-circle'}
                      className={passed ? styles.success : styles.error}
                      style={{ marginTop: 3 }}
                      title={passed ? 'Passed' : 'Failed'}
                    />
                    <div>
                      {gateInWords(gate)}
                      <div className={styles.muted}>{partsOf(detail).needed}</div>
                    </div>
                  </div>
                </td>
                <td className={styles.small}>
                  {partsOf(detail).found.map((part) => (
                    <div key={part}>{part}</div>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {isCurveShown && <Curves model={model} active={other} />}
      </div>
    </section>
  );
}

/** A gate says what it found, of each kind, and last what it needs. */
export function partsOf(detail: string): { readonly found: readonly string[]; readonly needed: string } {
  const parts = detail.split('; ');
  const needed = /^at (least|most) /.test(parts.at(-1)!) ? parts.pop()! : '';
  return { found: parts, needed };
}

/** Share of rows by tenth of the score, on a square root scale: the rare high scores matter. */
function Curves({ model, active }: { readonly model: Model; readonly active: Model | undefined }) {
  const styles = useStyles2(look);
  const theme = useTheme2();
  const colors = marks(theme);
  const points = (series: readonly number[]) =>
    series
      .map(
        (share, index) =>
          `${((index + 0.5) / series.length) * WIDTH},${HEIGHT - (HEIGHT - 6) * Math.sqrt(Math.max(0, share))}`,
      )
      .join(' ');
  const text = { fontSize: 12, fill: theme.colors.text.secondary };
  const blue = theme.visualization.getColorByName('blue');
  return (
    <div style={{ padding: '4px 12px' }}>
      <div className={`${styles.row} ${styles.muted}`} style={{ gap: 12 }}>
        Scores
        {active !== undefined && <span className={styles.push}>— {active.version}</span>}
        <span style={{ color: active === undefined ? undefined : theme.colors.primary.text }}>
          {active === undefined ? '—' : '- -'} {model.version}
        </span>
      </div>
      <svg
        width={WIDTH}
        height={HEIGHT + 20}
        role="img"
        aria-label={`How scores of users are distributed with ${model.version}${active === undefined ? '' : ` and ${active.version}`}`}
      >
        <line x1={0} x2={WIDTH} y1={HEIGHT} y2={HEIGHT} stroke={theme.colors.border.medium} />
        {active !== undefined && (
          <polyline points={points(active.series)} fill="none" stroke={colors.line} strokeOpacity={0.7} />
        )}
        <polyline
          points={points(model.series)}
          fill="none"
          stroke={active === undefined ? colors.line : blue}
          strokeWidth={1.5}
          strokeDasharray={active === undefined ? undefined : '5 3'}
        />
        {[0, 0.25, 0.5, 0.75, 1].map((score) => (
          <text
            key={score}
            x={score * WIDTH}
            y={HEIGHT + 16}
            textAnchor={score === 0 ? 'start' : score === 1 ? 'end' : 'middle'}
            {...text}
          >
            {score}
          </text>
        ))}
      </svg>
    </div>
  );
}
