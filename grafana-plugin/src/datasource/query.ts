/** What can be asked of the data source, and how queries and settings are saved. */
import type { DataSourceJsonData } from '@grafana/data';
import type { DataQuery } from '@grafana/schema';

export const QUERY_TYPES = [
  { value: 'incidents', label: 'Incidents', description: 'What happened, one row an incident' },
  { value: 'anomalies', label: 'Anomalies', description: 'Single requests that were flagged' },
  { value: 'users', label: 'Users', description: 'Who is unusual now, by pseudonym' },
  { value: 'endpoints', label: 'Endpoints', description: 'What is usual for each endpoint, and now' },
  { value: 'models', label: 'Models', description: 'Versions, what they learned from and their gates' },
  { value: 'jobs', label: 'Jobs', description: 'Trainings, backtests and imports' },
  { value: 'backtest', label: 'Latest backtest', description: 'What the last backtest said would appear and vanish' },
] as const;

export type QueryType = (typeof QUERY_TYPES)[number]['value'];

export interface AnomalyQuery extends DataQuery {
  readonly type?: QueryType;
  /** Of incidents and anomalies. Template variables may be used in all texts. */
  readonly kind?: string;
  readonly entity?: string;
  readonly service?: string;
  readonly endpoint?: string;
  readonly behavior?: string;
  readonly severity?: string;
  readonly minScore?: number;
  readonly sort?: 'time' | 'score';
  /** Most rows, 1 to 5000. */
  readonly limit?: number;
}

export const DEFAULT_LIMIT = 500;
export const LARGEST_LIMIT = 5000;

/** A query as it is made for a new panel. */
export const DEFAULT_QUERY = { type: 'incidents', sort: 'time', limit: DEFAULT_LIMIT } as const;

/** Which queries take filters and a time range. */
export const isOfFindings = (type: QueryType | undefined): boolean =>
  type === undefined || type === 'incidents' || type === 'anomalies';

export interface AnomalySettings extends DataSourceJsonData {
  /**
   * Whether there is a token that trains, gives feedback and changes the budget, and one that promotes, deletes and
   * erases. Said by the settings page, since nobody else can see whether a secret is set; actions of a token that is
   * said to be missing are not drawn. Where nothing is said, as it may be in a provisioning file, it counts as there.
   */
  readonly canOperate?: boolean;
  readonly canAdminister?: boolean;
  /** The data source that trace ids of anomalies link to. */
  readonly traces?: { readonly uid: string; readonly name: string };
  /** Of Grafana's proxy: whether to check with `tlsCACert`, to show `tlsClientCert`, not to check at all. */
  readonly tlsAuthWithCACert?: boolean;
  readonly tlsAuth?: boolean;
  readonly tlsSkipVerify?: boolean;
  /** That the certificate of the processor is for. */
  readonly serverName?: string;
}

/** PEM, by the names under which Grafana's proxy looks for them. */
export type TlsSecret = 'tlsCACert' | 'tlsClientCert' | 'tlsClientKey';

export interface AnomalySecrets extends Partial<Readonly<Record<TlsSecret, string>>> {
  readonly readToken?: string;
  readonly operateToken?: string;
  readonly adminToken?: string;
}
