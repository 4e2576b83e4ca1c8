/** What the demo prints: incidents as they open, the score card, the metrics in short. */
import type { IncidentNotice } from '../incident-notice.ts';
import type { ScoreCard } from './demo-score-card.ts';

/** Turns colors on for terminals and off for pipes. */
export interface Style {
  readonly isTerminal: boolean;
}

const paint = (code: number) => (style: Style, text: string) =>
  style.isTerminal ? `\u001b[${code}m${text}\u001b[0m` : text;
const bold = paint(1);
const dim = paint(2);
const red = paint(31);
const green = paint(32);
const yellow = paint(33);

const SEVERITY_COLORS: Readonly<Record<string, typeof red>> = { critical: red, high: red, medium: yellow };

/** One incident: on a terminal in two short lines, in a pipe in one long line. `shiftMs`: sent time minus simulated time. */
export function incidentLine(incident: IncidentNotice, shiftMs: number, style: Style): string {
  const { behavior, severity, score, reason, startSeconds } = incident;
  const time = new Date(startSeconds * 1000 - shiftMs).toISOString().slice(11, 16);
  const color = SEVERITY_COLORS[severity] ?? dim;
  const who = whoOf(incident);
  const head = `${dim(style, time)} ${color(style, severity.padEnd(8))} ${bold(style, behavior)}`;
  const plain = `${time} ${severity.padEnd(8)} ${behavior} `;
  const room = style.isTerminal ? Math.max(20, COLUMNS - plain.length) : who.length;
  const first = `${head} ${who.length > room ? `${who.slice(0, room - 1)}…` : who}`;
  const why = `${reason} (score ${score.toFixed(2)})`;
  return style.isTerminal ? `${first}\n${' '.repeat(15)}${dim(style, why)}` : `${first}: ${why}`;
}

const COLUMNS = 100;

/** The score card, with each attack and each false alarm. `announced`: the incidents by their id. */
export function scoreCardText(card: ScoreCard, announced: ReadonlyMap<string, IncidentNotice>, style: Style): string {
  const rule = dim(style, '─'.repeat(COLUMNS - 2));
  const head = `  ${'attack'.padEnd(20)} ${'intensity'.padEnd(9)} ${'found'.padEnd(6)} ${'after'.padEnd(7)} ${'flagged'.padEnd(12)} named`;
  const rows = card.episodes.map(({ episode, labelledSpans, flaggedSpans, foundAs, delayMs }) => {
    const isFound = delayMs !== undefined;
    const verdict = isFound ? green(style, 'yes   ') : red(style, 'no    ');
    const delay = isFound ? duration(delayMs) : '';
    const spans = `${flaggedSpans} of ${labelledSpans}`;
    const names = foundAs.slice(0, 2).join(', ');
    return `  ${episode.behavior.padEnd(20)} ${episode.intensity.padEnd(9)} ${verdict} ${delay.padEnd(7)} ${spans.padEnd(12)} ${names}`;
  });
  const alarms = card.falseAlarms.map(({ id, behavior, score, spans, reason }) => {
    const incident = announced.get(id);
    const who = incident === undefined ? '' : `${whoOf(incident)}\n${' '.repeat(23)}`;
    return `  ${yellow(style, behavior.padEnd(20))} ${who}${dim(style, `${reason} (score ${score.toFixed(2)}, ${spans} spans)`)}`;
  });
  const share = card.ordinarySpans === 0 ? 0 : (100 * card.ordinaryFlagged) / card.ordinarySpans;
  return [
    bold(style, 'Score card'),
    rule,
    dim(style, head),
    ...rows,
    rule,
    `  Found ${card.found} of ${card.episodes.length} attacks, missed ${card.missed}. ` +
      `False alarms: ${card.falseAlarms.length} of ${card.incidents} incidents.`,
    `  Of ${count(card.ordinarySpans)} ordinary requests ${count(card.ordinaryFlagged)} were flagged (${share.toFixed(3)} %).`,
    ...(alarms.length > 0 ? [dim(style, '  False alarms:'), ...alarms] : []),
  ].join('\n');
}

/** The endpoint, or the pseudonym and where it was noticed. */
function whoOf({ kind, entity, service, endpoint }: IncidentNotice): string {
  return kind === 'endpoint' ? `${service} ${entity}` : `${entity} at ${service} ${endpoint}`;
}

/** Sums of the counters of a Prometheus exposition, by metric name, and by `name{label=value}` for `label`. */
export function sumMetrics(exposition: string): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const line of exposition.split('\n')) {
    const match = /^(\w+)(?:\{(.*)\})? (\S+)/.exec(line);
    if (match === null) continue;
    const [, name = '', labels = '', value = ''] = match;
    const add = (key: string) => sums.set(key, (sums.get(key) ?? 0) + Number(value));
    add(name);
    for (const [, label, text] of labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) add(`${name}{${label}="${text}"}`);
  }
  return sums;
}

/** The metrics in a few lines. */
export function metricsText(exposition: string, url: string, style: Style): string {
  const sums = sumMetrics(exposition);
  const of = (name: string) => count(sums.get(name) ?? 0);
  const series = exposition.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
  const behaviors = [...sums]
    .flatMap(([key, value]) => {
      const behavior = /^api_anomaly_incidents_total\{behavior="(\w+)"\}$/.exec(key)?.[1];
      return behavior === undefined ? [] : [`${behavior} ${value}`];
    })
    .join(', ');
  return [
    `${bold(style, 'Metrics')} ${dim(style, `${url}, ${count(series)} series`)}`,
    `  api_anomaly_received_spans_total   ${of('api_anomaly_received_spans_total')}`,
    `  api_anomaly_scored_spans_total     ${of('api_anomaly_scored_spans_total')}`,
    `  api_anomaly_unscored_spans_total   ${of('api_anomaly_unscored_spans_total')} ` +
      `(learning ${of('api_anomaly_unscored_spans_total{reason="learning"}')}, not SERVER ${of('api_anomaly_unscored_spans_total{reason="kind"}')})`,
    `  api_anomaly_anomalies_total        ${of('api_anomaly_anomalies_total')}`,
    `  api_anomaly_incidents_total        ${of('api_anomaly_incidents_total')}${behaviors === '' ? '' : ` (${behaviors})`}`,
    `  api_anomaly_exported_spans_total   ${of('api_anomaly_exported_spans_total')}`,
  ].join('\n');
}

/** A count with thousands separated. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function duration(milliseconds: number): string {
  const minutes = milliseconds / 60_000;
  if (minutes < 1) return `${Math.round(milliseconds / 1000)} s`;
  return minutes < 120 ? `${Math.round(minutes)} min` : `${(minutes / 60).toFixed(1)} h`;
}
