/** The names of the control API in words. */
import { FEATURE_NOUNS } from './feature-nouns';

const BEHAVIORS: Readonly<Record<string, string>> = {
  credential_stuffing: 'Credential stuffing',
  enumeration: 'Enumeration',
  scraping: 'Scraping',
  token_theft: 'Token theft',
  privilege_probing: 'Privilege probing',
  data_exfiltration: 'Data exfiltration',
  off_hours: 'Off hours',
  latency: 'Latency',
  error_burst: 'Error burst',
  unusual_sequence: 'Unusual sequence',
  new_client: 'New client',
  rate_burst: 'Rate burst',
  low_and_slow: 'Low and slow',
  other: 'Unusual',
};

export const BEHAVIOR_NAMES = Object.keys(BEHAVIORS);
export const SEVERITIES = ['critical', 'high', 'medium', 'low'] as const;

export function behaviorInWords(name: string): string {
  return Object.hasOwn(BEHAVIORS, name) ? BEHAVIORS[name]! : sentenceCase(name);
}

/** OWASP API Security Top 10 (2023). */
const OWASP: Readonly<Record<string, string>> = {
  'API1:2023': 'Broken object level authorization',
  'API2:2023': 'Broken authentication',
  'API3:2023': 'Broken object property level authorization',
  'API4:2023': 'Unrestricted resource consumption',
  'API5:2023': 'Broken function level authorization',
  'API6:2023': 'Unrestricted access to sensitive business flows',
  'API7:2023': 'Server side request forgery',
  'API8:2023': 'Security misconfiguration',
  'API9:2023': 'Improper inventory management',
  'API10:2023': 'Unsafe consumption of APIs',
};

export function owaspInWords(id: string): string {
  return Object.hasOwn(OWASP, id) ? `OWASP ${id} ${OWASP[id]}` : `OWASP ${id}`;
}

/** Where OWASP describes it; undefined for an id that is none of its own. */
export function owaspUrl(id: string): string | undefined {
  const name = Object.hasOwn(OWASP, id) ? OWASP[id] : undefined;
  if (name === undefined) {
    return undefined;
  }
  const number = /^API(\d+)/.exec(id)![1]!.padStart(2, '0');
  return `https://owasp.org/API-Security/editions/2023/en/0xa${Number(number).toString(16)}-${name.toLowerCase().replaceAll(' ', '-')}/`;
}

export function featureInWords(name: string): string {
  const noun = Object.hasOwn(FEATURE_NOUNS, name) ? FEATURE_NOUNS[name]! : name;
  return sentenceCase(noun);
}

const GATES: Readonly<Record<string, string>> = {
  kinds: 'Judges all kinds it did',
  sample: 'Enough data',
  alert_rate: 'Alert volume',
  golden_attacks: 'Planted attacks found',
  score_distribution: 'Score shift on normal',
};

export function gateInWords(name: string): string {
  return Object.hasOwn(GATES, name) ? GATES[name]! : sentenceCase(name);
}

const STAGES: Readonly<Record<string, string>> = {
  begin: 'Starting',
  collect: 'Collecting rows',
  read: 'Reading history',
  train: 'Fitting forests and checking gates',
  check: 'Checking the file',
  keep: 'Keeping the model',
  judge: 'Judging kept windows',
};

export function stageInWords(name: string): string {
  return Object.hasOwn(STAGES, name) ? STAGES[name]! : sentenceCase(name);
}

const STATUSES: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No content',
  304: 'Not modified',
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  409: 'Conflict',
  422: 'Unprocessable',
  429: 'Too many',
  500: 'Server error',
  502: 'Bad gateway',
  503: 'Unavailable',
  504: 'Timed out',
};

/** Empty for a status that is seldom seen. */
export function statusInWords(status: number): string {
  return STATUSES[status] ?? '';
}

/** How rare a score is: one entity-window in 10^(6 score), to two digits. */
export function oddsInWords(score: number): string {
  if (!(score > 0)) {
    return 'usual';
  }
  if (score >= 1) {
    return '1 in 1M+';
  }
  const odds = Number((10 ** (6 * score)).toPrecision(2));
  return odds < 2 ? 'usual' : `1 in ${odds.toLocaleString('en-US', { maximumFractionDigits: 0 })}`;
}

export function sentenceCase(name: string): string {
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
