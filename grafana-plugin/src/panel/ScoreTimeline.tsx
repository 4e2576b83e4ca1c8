/** The highest score over time with the threshold, and a lane for each incident. Drag, or Shift and arrows, to zoom. */
import { useStyles2, useTheme2 } from '@grafana/ui';
import React, { useId, useRef, useState } from 'react';
import type { Incident } from '../control/answers';
import { behaviorInWords, oddsInWords } from '../control/words';
import { testIds } from '../testIds';
import { MOST_NUMBERED } from './control';
import * as format from './format';
import { look, marks } from './look';

export interface ScorePoint {
  readonly timeMs: number;
  readonly score: number;
}

interface Props {
  readonly points: readonly ScorePoint[];
  readonly threshold?: number | undefined;
  /** Whether all scores are of what was flagged. */
  readonly isAllFlagged?: boolean;
  /** Open ones first, the most unusual first. */
  readonly incidents: readonly Incident[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly timeZone: string;
  readonly width: number;
  readonly hasLanes?: boolean;
  readonly onZoom: (fromMs: number, toMs: number) => void;
  readonly onOpen?: (id: string) => void;
}

const LEFT = 36;
const RIGHT = 12;
const TOP = 8;
const PLOT = 86;
const LANE = 12;
const MOST_LANES = 6;

export function ScoreTimeline(props: Props) {
  const {
    points,
    threshold,
    isAllFlagged = false,
    incidents,
    fromMs,
    toMs,
    timeZone,
    width,
    hasLanes = true,
    onZoom,
    onOpen,
  } = props;
  const theme = useTheme2();
  const styles = useStyles2(look);
  const clip = useId();
  const svg = useRef<SVGSVGElement>(null);
  const [drag, setDrag] = useState<readonly [number, number]>();
  const colors = marks(theme);
  const span = Math.max(1, toMs - fromMs);
  const inner = Math.max(10, width - LEFT - RIGHT);
  const x = (timeMs: number) => LEFT + (inner * (Math.min(toMs, Math.max(fromMs, timeMs)) - fromMs)) / span;
  const y = (score: number) => TOP + PLOT * (1 - Math.min(1, Math.max(0, score)));
  const timeAt = (clientX: number) => {
    const left = svg.current?.getBoundingClientRect().left ?? 0;
    return fromMs + (span * Math.min(inner, Math.max(0, clientX - left - LEFT))) / inner;
  };
  const lanes = hasLanes ? incidents.slice(0, MOST_LANES) : [];
  const height = TOP + PLOT + 8 + LANE * lanes.length + 20;
  const line = points.map(({ timeMs, score }) => `${x(timeMs).toFixed(1)},${y(score).toFixed(1)}`).join(' ');
  const [first, last] = [points[0], points.at(-1)];
  const area =
    first && last ? `${x(first.timeMs).toFixed(1)},${y(0)} ${line} ${x(last.timeMs).toFixed(1)},${y(0)}` : '';
  const release = () => {
    if (drag !== undefined && Math.abs(drag[1] - drag[0]) > span / 200) {
      onZoom(Math.min(...drag), Math.max(...drag));
    }
    setDrag(undefined);
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const zooms: Record<string, readonly [number, number]> = {
      ArrowUp: [fromMs + span / 4, toMs - span / 4],
      ArrowDown: [fromMs - span / 2, toMs + span / 2],
      ArrowLeft: [fromMs - span / 4, toMs - span / 4],
      ArrowRight: [fromMs + span / 4, toMs + span / 4],
    };
    const zoom = event.shiftKey ? zooms[event.key] : undefined;
    if (zoom !== undefined) {
      event.preventDefault();
      onZoom(...zoom);
    }
  };
  const highest = points.reduce((most, { score }) => Math.max(most, score), 0);
  const summary = `Highest score per minute, from ${format.moment(fromMs, timeZone)} to ${format.moment(toMs, timeZone)}: at most ${format.score(highest)}. Shift and arrow keys zoom and move.`;
  return (
    <div data-testid={testIds.panel.timeline}>
      <svg
        ref={svg}
        role="img"
        aria-label={summary}
        tabIndex={0}
        width={width}
        height={height}
        style={{ display: 'block', cursor: 'crosshair', userSelect: 'none', touchAction: 'none' }}
        onKeyDown={onKeyDown}
        onPointerDown={({ clientX }) => setDrag([timeAt(clientX), timeAt(clientX)])}
        onPointerMove={({ clientX }) => drag && setDrag([drag[0], timeAt(clientX)])}
        onPointerUp={release}
        onPointerLeave={release}
      >
        <clipPath id={clip}>
          <rect x={LEFT} y={0} width={inner} height={isAllFlagged ? y(0) - 1 : y(threshold ?? 1)} />
        </clipPath>
        {[0, 0.5, 1].map((score) => (
          <g key={score}>
            <line x1={LEFT} x2={LEFT + inner} y1={y(score)} y2={y(score)} stroke={theme.colors.border.weak} />
            <text x={LEFT - 8} y={y(score) + 4} textAnchor="end" fontSize={12} fill={theme.colors.text.secondary}>
              {score}
            </text>
          </g>
        ))}
        {ticks(fromMs, toMs, Math.max(2, Math.floor(inner / 110))).map((timeMs) => (
          <g key={timeMs}>
            <line x1={x(timeMs)} x2={x(timeMs)} y1={TOP} y2={height - 20} stroke={theme.colors.border.weak} />
            <text x={x(timeMs)} y={height - 5} textAnchor="middle" fontSize={12} fill={theme.colors.text.secondary}>
              {format.time(timeMs, timeZone, span > 2 * 86_400_000 ? 'D MMM' : 'HH:mm')}
            </text>
          </g>
        ))}
        <polygon points={area} fill={colors.line} fillOpacity={0.08} />
        <polyline points={line} fill="none" stroke={colors.line} strokeOpacity={0.55} />
        {(isAllFlagged || threshold !== undefined) && (
          <>
            <polygon points={area} fill={colors.flagged} fillOpacity={0.3} clipPath={`url(#${clip})`} />
            <polyline points={line} fill="none" stroke={colors.flagged} strokeWidth={1.5} clipPath={`url(#${clip})`} />
          </>
        )}
        {threshold !== undefined && (
          <>
            <line
              x1={LEFT}
              x2={LEFT + inner}
              y1={y(threshold)}
              y2={y(threshold)}
              stroke={theme.colors.warning.text}
              strokeDasharray="4 3"
            />
            <text x={LEFT + 8} y={y(threshold) - 5} fontSize={12} fill={theme.colors.warning.text}>
              {`flagged above ${format.score(threshold)} · rarer than ${oddsInWords(threshold)}`}
              <title>Minimum effect and persistence decide too.</title>
            </text>
          </>
        )}
        {lanes.map((incident, index) => (
          <Lane
            key={incident.id}
            incident={incident}
            number={incident.open && index < MOST_NUMBERED ? index + 1 : undefined}
            y={TOP + PLOT + 12 + LANE * index}
            x1={x(Date.parse(incident.start))}
            x2={incident.open ? LEFT + inner : x(Date.parse(incident.last))}
            isBefore={Date.parse(incident.start) < fromMs}
            color={colors.severity[incident.severity]}
            textColor={theme.colors.text.primary}
            right={LEFT + inner}
            onOpen={onOpen}
          />
        ))}
        {drag !== undefined && (
          <rect
            x={x(Math.min(...drag))}
            y={TOP}
            width={Math.abs(x(drag[1]) - x(drag[0]))}
            height={PLOT}
            fill={theme.colors.primary.main}
            fillOpacity={0.25}
          />
        )}
      </svg>
      <div className={styles.hidden}>
        <table>
          <caption>Incidents in this range</caption>
          <tbody>
            {lanes.map(({ id, behavior, start, last, open }) => (
              <tr key={id}>
                <th scope="row">{behaviorInWords(behavior)}</th>
                <td>from {format.moment(Date.parse(start), timeZone)}</td>
                <td>{open ? 'still open' : `to ${format.moment(Date.parse(last), timeZone)}`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

interface LaneProps {
  readonly incident: Incident;
  readonly number: number | undefined;
  readonly y: number;
  readonly x1: number;
  readonly x2: number;
  readonly right: number;
  readonly isBefore: boolean;
  readonly color: string;
  readonly textColor: string;
  readonly onOpen: ((id: string) => void) | undefined;
}

function Lane({ incident, number, y, x1, x2, right, isBefore, color, textColor, onOpen }: LaneProps) {
  const width = Math.max(4, x2 - x1);
  const { id, open, behavior, reason } = incident;
  const name = behaviorInWords(behavior);
  const label = open ? `${isBefore ? '‹' : ''}${number ?? ''}` : `${name}, ended`;
  const isLabelRight = !open && x1 + width + 8 * label.length < right;
  return (
    <g style={{ cursor: 'pointer' }} onPointerDown={(event) => event.stopPropagation()} onClick={() => onOpen?.(id)}>
      <title>{`${name}: ${reason}`}</title>
      <rect
        x={x1}
        y={y - 2}
        width={width}
        height={open ? 4 : 5}
        rx={2}
        fill={open ? color : 'none'}
        stroke={open ? 'none' : textColor}
        strokeOpacity={0.6}
      />
      <text
        x={isLabelRight ? x1 + width + 6 : x1 - 5}
        y={y + 4}
        textAnchor={isLabelRight ? 'start' : 'end'}
        fontSize={12}
        fill={textColor}
        fillOpacity={open ? 1 : 0.75}
      >
        {label}
      </text>
    </g>
  );
}

const STEPS_MINUTES = [1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200, 14_400, 43_200];

/** Round times of the range, at most about `most`. */
function ticks(fromMs: number, toMs: number, most: number): number[] {
  const minutes = (toMs - fromMs) / 60_000;
  const step = 60_000 * (STEPS_MINUTES.find((candidate) => minutes / candidate <= most) ?? STEPS_MINUTES.at(-1)!);
  const first = Math.ceil((fromMs + 1) / step) * step;
  const found: number[] = [];
  for (let timeMs = first; timeMs < toMs - step / 10 && found.length < 50; timeMs += step) {
    found.push(timeMs);
  }
  return found;
}
