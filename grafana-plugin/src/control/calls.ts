/**
 * The calls of the control API that the plugin makes. The routes of the data source's plugin.json are generated from this
 * table (`npm run generate`), so what is not in it goes through Grafana's proxy without a token and is refused.
 */

/** What a caller may do at the processor; each may do what the ones before it may. */
export type Access = 'viewer' | 'operator' | 'admin';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Beginning of the path, as Grafana compares it: ids and what follows them come after it. */
  readonly path: string;
  readonly access: Access;
}

/** In the order in which Grafana tries them: the first that matches decides. */
export const CALLS: readonly Call[] = [
  { method: 'GET', path: 'api/v1/audit', access: 'admin' },
  { method: 'POST', path: 'api/v1/models', access: 'admin' },
  { method: 'DELETE', path: 'api/v1/models/', access: 'admin' },
  { method: 'POST', path: 'api/v1/users/erase', access: 'admin' },
  { method: 'POST', path: 'api/v1/train', access: 'operator' },
  { method: 'DELETE', path: 'api/v1/jobs/', access: 'operator' },
  { method: 'POST', path: 'api/v1/incidents/', access: 'operator' },
  { method: 'PUT', path: 'api/v1/sensitivity', access: 'operator' },
  { method: 'POST', path: 'api/v1/backtest', access: 'operator' },
  { method: 'POST', path: 'api/v1/exclusions', access: 'operator' },
  { method: 'DELETE', path: 'api/v1/exclusions/', access: 'operator' },
  { method: 'GET', path: 'api/v1/status', access: 'viewer' },
  { method: 'GET', path: 'api/v1/jobs', access: 'viewer' },
  { method: 'GET', path: 'api/v1/models', access: 'viewer' },
  { method: 'GET', path: 'api/v1/anomalies', access: 'viewer' },
  { method: 'GET', path: 'api/v1/incidents', access: 'viewer' },
  { method: 'GET', path: 'api/v1/users', access: 'viewer' },
  { method: 'GET', path: 'api/v1/endpoints', access: 'viewer' },
  { method: 'GET', path: 'api/v1/sensitivity', access: 'viewer' },
  { method: 'GET', path: 'api/v1/exclusions', access: 'viewer' },
];

/** Which organisation role of Grafana may do what. */
export const ROLE_OF = { viewer: 'Viewer', operator: 'Editor', admin: 'Admin' } as const;

/** Which secret of the data source goes with what. */
export const TOKEN_OF = { viewer: 'readToken', operator: 'operateToken', admin: 'adminToken' } as const;

/** A route of a data source's plugin.json. */
export interface ProxyRoute {
  readonly path: string;
  readonly method: string;
  readonly reqRole: string;
  readonly headers: ReadonlyArray<{ readonly name: string; readonly content: string }>;
}

export function proxyRoutes(calls: readonly Call[] = CALLS): ProxyRoute[] {
  return calls.map(({ method, path, access }) => ({
    path,
    method,
    reqRole: ROLE_OF[access],
    headers: [{ name: 'Authorization', content: `Bearer {{ .SecureJsonData.${TOKEN_OF[access]} }}` }],
  }));
}
