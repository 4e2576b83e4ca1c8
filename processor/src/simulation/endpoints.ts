import { SHOP } from './shop.ts';

/** Services that answer users, with the semantic conventions their spans follow. */
export const EDGE_SERVICES = {
  'edge-gateway': { conventions: 'stable', sendsRoute: true, host: 'shop.example', version: '4.18.2' },
  /** Its framework reports no http.route, as many do. */
  search: { conventions: 'stable', sendsRoute: false, host: 'search.shop.example', version: '2.3.0' },
  /** Not upgraded for years: HTTP conventions from before 1.21. */
  'partner-gateway': { conventions: 'old', sendsRoute: true, host: 'partner.shop.example', version: '1.9.4' },
} as const satisfies Record<
  string,
  { conventions: 'stable' | 'old'; sendsRoute: boolean; host: string; version: string }
>;

export type EdgeService = keyof typeof EDGE_SERVICES;

/** Services behind the edge: their SERVER spans carry no user. */
export const INNER_SERVICES = ['accounts', 'billing', 'catalog', 'orders'] as const;

export type InnerService = (typeof INNER_SERVICES)[number];

/** What the id in an endpoint's path names. */
type ObjectKind =
  'order' | 'product' | 'category' | 'item' | 'checkout' | 'customer' | 'ticket' | 'report' | 'account' | 'setting';

/** Who may call: an endpoint answers 403 to a role outside its list. */
export type Access = 'everyone' | 'signed-in' | 'catalog' | 'care' | 'reports' | 'administration' | 'partner';

/** An endpoint as the table of the shop gives it; what is left out has a default. */
export interface EndpointRow {
  readonly service?: EdgeService;
  readonly inner?: InnerService;
  readonly access?: Access;
  /** Median duration, and the standard deviation of its logarithm. */
  readonly latencyMs: number;
  readonly latencySpread?: number;
  /** Median size of a good answer, and the standard deviation of its logarithm. */
  readonly responseBytes: number;
  readonly responseSpread?: number;
  readonly requestBytes?: number;
  /** Status of a good answer. */
  readonly success?: number;
  /** Shares of ordinary calls that end so. */
  readonly notFound?: number;
  readonly invalid?: number;
  readonly serverError?: number;
}

/** Method and route, unique in the shop: how the simulation names an endpoint. */
export type EndpointName = keyof typeof SHOP;

/** An endpoint with all defaults filled in, and its route taken apart. */
export interface Endpoint {
  readonly name: EndpointName;
  readonly service: EdgeService;
  readonly inner: InnerService | undefined;
  readonly access: Access;
  readonly method: string;
  readonly route: string;
  /** The path is `before`, the object's id if the route has one, and `after`. */
  readonly before: string;
  readonly after: string;
  readonly object: ObjectKind | undefined;
  readonly latencyMs: number;
  readonly latencySpread: number;
  readonly responseBytes: number;
  readonly responseSpread: number;
  readonly requestBytes: number;
  readonly success: number;
  readonly notFound: number;
  readonly invalid: number;
  readonly serverError: number;
}

function complete(name: EndpointName, row: EndpointRow): Endpoint {
  const space = name.indexOf(' ');
  const template = name.slice(space + 1);
  const [before = '', object, after = ''] = template.split(/[{}]/);
  return {
    name,
    service: row.service ?? 'edge-gateway',
    inner: row.inner,
    access: row.access ?? 'signed-in',
    method: name.slice(0, space),
    route: template.replace(/\{(\w+)\}/, '{$1_id}'),
    before,
    after,
    object: object as ObjectKind | undefined,
    latencyMs: row.latencyMs,
    latencySpread: row.latencySpread ?? 0.45,
    responseBytes: row.responseBytes,
    responseSpread: row.responseSpread ?? 0.4,
    requestBytes: row.requestBytes ?? 0,
    success: row.success ?? 200,
    notFound: row.notFound ?? 0,
    invalid: row.invalid ?? 0,
    serverError: row.serverError ?? 0.0008,
  };
}

/** All endpoints in the order of the table. */
export const ENDPOINTS: readonly Endpoint[] = Object.entries(SHOP).map(([name, row]) =>
  complete(name as EndpointName, row),
);

const BY_NAME: ReadonlyMap<string, Endpoint> = new Map(ENDPOINTS.map((endpoint) => [endpoint.name, endpoint]));

export function endpointNamed(name: EndpointName): Endpoint {
  return BY_NAME.get(name)!;
}
