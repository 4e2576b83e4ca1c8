/** The alert rules that users get. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

/** An alert rule as Prometheus reads it. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface RuleFile {
  readonly groups: readonly { readonly rules: readonly AlertRule[] }[];
}

interface RuleTests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly object[] }[];
  }[];
}

/** Folder of the Prometheus configuration, its rules and their tests. */
export const PROMETHEUS_FOLDER = path.resolve(import.meta.dirname, '../../deploy/prometheus');

export function alertRules(): AlertRule[] {
  return readFiles('rules').flatMap((file) => (file as RuleFile).groups.flatMap(({ rules }) => rules));
}

/** Names of the alerts that a promtool test expects to fire, and of those that one expects not to. */
export function testedAlerts(): { firing: Set<string>; quiet: Set<string> } {
  const cases = readFiles('tests').flatMap((file) => (file as RuleTests).tests.flatMap((test) => test.alert_rule_test));
  const names = (fires: boolean): Set<string> =>
    new Set(cases.filter(({ exp_alerts: alerts }) => alerts.length > 0 === fires).map(({ alertname }) => alertname));
  return { firing: names(true), quiet: names(false) };
}

function readFiles(folder: string): unknown[] {
  const files = readdirSync(path.join(PROMETHEUS_FOLDER, folder));
  return files.map((file) => parse(readFileSync(path.join(PROMETHEUS_FOLDER, folder, file), 'utf8')) as unknown);
}
