/** The data source: everything goes through the routes of plugin.json, which carry the tokens. */
import {
  type AnnotationQuery,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataFrame,
  DataSourceApi,
  type DataSourceInstanceSettings,
  type MetricFindValue,
  type ScopedVars,
  type TimeRange,
} from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import type { BacktestReport } from '../control/answers';
import { allPages, type Rows } from '../control/all-pages';
import { ControlClient, type FindingsQuery } from '../control/client';
import { problemOf } from '../control/problem';
import { proxyTransport } from '../control/proxy-transport';
import { annotationFrame } from './annotations';
import {
  anomaliesFrame,
  backtestFrame,
  endpointsFrame,
  incidentsFrame,
  jobsFrame,
  modelsFrame,
  type TraceTarget,
  usersFrame,
} from './frames';
import { checkHealth, type Health } from './health';
import { type AnomalyQuery, type AnomalySettings, DEFAULT_LIMIT, DEFAULT_QUERY, LARGEST_LIMIT } from './query';
import { variableValues } from './variables';

export class AnomalyDataSource extends DataSourceApi<AnomalyQuery, AnomalySettings> {
  /** All of the control API, for the panel. */
  readonly client: ControlClient;
  /** What is said of the tokens; see AnomalySettings. */
  readonly canOperate: boolean;
  readonly canAdminister: boolean;
  /** Where traces are opened. */
  readonly #traces: TraceTarget | undefined;
  readonly tracesUid: string | undefined;

  override readonly annotations = {
    prepareQuery: (annotation: AnnotationQuery<AnomalyQuery>): AnomalyQuery => ({
      ...annotation.target,
      refId: annotation.target?.refId ?? 'annotations',
      type: 'incidents',
    }),
  };

  constructor(settings: DataSourceInstanceSettings<AnomalySettings>, client?: ControlClient) {
    super(settings);
    this.client = client ?? new ControlClient(proxyTransport(settings.url ?? ''));
    this.canOperate = settings.jsonData.canOperate ?? true;
    this.canAdminister = settings.jsonData.canAdminister ?? true;
    this.#traces = settings.jsonData.traces;
    this.tracesUid = settings.jsonData.traces?.uid;
  }

  override getDefaultQuery(): Partial<AnomalyQuery> {
    return DEFAULT_QUERY;
  }

  override filterQuery(query: AnomalyQuery): boolean {
    return query.hide !== true;
  }

  async query(request: DataQueryRequest<AnomalyQuery>): Promise<DataQueryResponse> {
    const targets = request.targets.filter((target) => this.filterQuery(target));
    const isAnnotation =
      request.app === 'dashboard' && targets.some(({ refId }) => refId === 'annotations' || refId === 'Anno');
    const results = await Promise.all(
      targets.map(async (target) => {
        try {
          const query = interpolated(target, request.scopedVars);
          return { frames: [await this.#frame(query, request.range, isAnnotation)] };
        } catch (error) {
          const { message } = problemOf(error, target.type ?? 'incidents');
          return { frames: [], error: { refId: target.refId, message } };
        }
      }),
    );
    const errors = results.flatMap(({ error }) => (error === undefined ? [] : [error]));
    return { data: results.flatMap(({ frames }) => frames), ...(errors.length > 0 && { errors }) };
  }

  override metricFindQuery(query: string | { readonly query?: string }): Promise<MetricFindValue[]> {
    const text = typeof query === 'string' ? query : (query.query ?? '');
    return variableValues(this.client, getTemplateSrv().replace(text));
  }

  async testDatasource(): Promise<Health> {
    return checkHealth(this.client);
  }

  async #frame(query: AnomalyQuery, range: TimeRange, isAnnotation: boolean): Promise<DataFrame> {
    const limit = Math.min(LARGEST_LIMIT, Math.max(1, query.limit ?? DEFAULT_LIMIT));
    const { client } = this;
    switch (query.type ?? DEFAULT_QUERY.type) {
      case 'incidents': {
        const rows = await allPages(limit, (page) => client.incidents({ ...findings(query, range), ...page }));
        const made = isAnnotation ? annotationFrame(rows.rows, Date.now()) : incidentsFrame(rows.rows);
        return finished(made, query, rows);
      }
      case 'anomalies': {
        const rows = await allPages(limit, (page) => client.anomalies({ ...findings(query, range), ...page }));
        return finished(anomaliesFrame(rows.rows, this.#traces), query, rows);
      }
      case 'users': {
        const rows = await allPages(limit, (page) => client.users({ min_score: query.minScore, ...page }));
        return finished(usersFrame(rows.rows), query, rows);
      }
      case 'endpoints': {
        const rows = await allPages(limit, (page) => client.endpoints({ service: query.service, ...page }));
        return finished(endpointsFrame(rows.rows), query, rows);
      }
      case 'models':
        return finished(modelsFrame((await client.models()).items), query);
      case 'jobs': {
        const rows = await allPages(limit, (page) => client.jobs(page));
        return finished(jobsFrame(rows.rows), query, rows);
      }
      case 'backtest': {
        const { items } = await client.jobs({ kind: 'backtest', state: 'succeeded', limit: 1 });
        const report = items[0]?.result as BacktestReport | undefined;
        const notice = 'No backtest has been made yet. Move the alert budget in the panel to make one.';
        const none = { examplesAppearing: [], examplesVanishing: [] } as unknown as BacktestReport;
        return finished(backtestFrame(report ?? none), query, undefined, report === undefined ? [notice] : []);
      }
      default:
        throw new Error(`"${String(query.type)}" is no query of this version of the data source.`);
    }
  }
}

function findings(query: AnomalyQuery, range: TimeRange): FindingsQuery {
  const { kind, entity, service, endpoint, behavior, severity, minScore, sort } = query;
  const filters = { kind, entity, service, endpoint, behavior, severity, min_score: minScore, sort };
  return { ...filters, from: range.from.toISOString(), to: range.to.toISOString() };
}

const TEXTS = ['kind', 'entity', 'service', 'endpoint', 'behavior', 'severity'] as const;

/** Variables replaced; what is empty or says "all" filters nothing. */
function interpolated(query: AnomalyQuery, scopedVars: ScopedVars): AnomalyQuery {
  const texts = TEXTS.map((name) => {
    const text = getTemplateSrv().replace(query[name] ?? '', scopedVars);
    return [name, text === '' || text === '$__all' || text === 'All' ? undefined : text] as const;
  });
  return { ...query, ...Object.fromEntries(texts) };
}

function finished(
  frame: DataFrame,
  { refId }: AnomalyQuery,
  rows?: Rows<unknown>,
  notices: readonly string[] = [],
): DataFrame {
  const cut = rows?.isCut
    ? [`Only the first ${rows.rows.length} rows are shown. Narrow the query or raise its limit.`]
    : [];
  const all = [...cut, ...notices].map((text) => ({ severity: 'info' as const, text }));
  return { ...frame, refId, meta: { ...frame.meta, ...(all.length > 0 && { notices: all }) } };
}
