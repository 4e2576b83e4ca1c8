import type { ApiRequest } from './api-request.ts';
import { EDGE_SERVICES, type EdgeService, type Endpoint, INNER_SERVICES, type InnerService } from './endpoints.ts';
import { podAddress } from './networks.ts';
import type { AttributeValue, Resource } from './span.ts';

/** How the services' SDKs put a request into attributes: OpenTelemetry semantic conventions, new and old. */

function resource(service: string, version: string): Resource {
  return {
    service,
    attributes: {
      'service.name': service,
      'service.version': version,
      'service.namespace': 'shop',
      'deployment.environment.name': 'production',
      'telemetry.sdk.name': 'opentelemetry',
      'telemetry.sdk.language': service === 'partner-gateway' ? 'python' : 'java',
    },
  };
}

/** The source of each service's spans. */
export const RESOURCES = Object.fromEntries([
  ...Object.entries(EDGE_SERVICES).map(([service, { version }]) => [service, resource(service, version)]),
  ...INNER_SERVICES.map((service) => [service, resource(service, '3.7.1')]),
]) as Readonly<Record<EdgeService | InnerService, Resource>>;

type Attributes = Record<string, AttributeValue>;

/** Attributes of the span that a user's request makes at the edge. Keys with nothing to say are left out. */
export function edgeAttributes(request: ApiRequest, status: number, responseBytes: number): Attributes {
  const { conventions } = EDGE_SERVICES[request.endpoint.service];
  const attributes =
    conventions === 'old'
      ? oldAttributes(request, status, responseBytes)
      : stableAttributes(request, status, responseBytes);
  if (knowsUser(request, status)) {
    attributes[conventions === 'old' ? 'enduser.id' : 'user.id'] = request.userId;
    if (request.sessionId !== '') attributes['session.id'] = request.sessionId;
  }
  if (status >= 500) attributes['error.type'] = String(status);
  return attributes;
}

function stableAttributes(request: ApiRequest, status: number, responseBytes: number): Attributes {
  const { endpoint } = request;
  const { host, sendsRoute } = EDGE_SERVICES[endpoint.service];
  const attributes: Attributes = {
    'http.request.method': endpoint.method,
    'url.scheme': 'https',
    'url.path': path(request),
    'http.response.status_code': status,
    'server.address': host,
    'client.address': request.address,
    'user_agent.original': request.agent,
    'network.protocol.version': '2',
    'http.response.body.size': responseBytes,
  };
  if (sendsRoute) attributes['http.route'] = endpoint.route;
  if (endpoint.requestBytes > 0) attributes['http.request.body.size'] = requestBytes(request);
  return attributes;
}

function oldAttributes(request: ApiRequest, status: number, responseBytes: number): Attributes {
  const { endpoint } = request;
  const { host } = EDGE_SERVICES[endpoint.service];
  const attributes: Attributes = {
    'http.method': endpoint.method,
    'http.scheme': 'https',
    'http.target': path(request),
    'http.route': endpoint.route,
    'http.status_code': status,
    'http.client_ip': request.address,
    'http.user_agent': request.agent,
    'http.response_content_length': responseBytes,
    'net.host.name': host,
  };
  if (endpoint.requestBytes > 0) attributes['http.request_content_length'] = requestBytes(request);
  return attributes;
}

/** An edge learns who asks from a valid token: not from one it refuses, and not from a sign-in that fails. */
function knowsUser({ endpoint, userId }: ApiRequest, status: number): boolean {
  return userId !== '' && status !== 401 && (status < 400 || !endpoint.route.startsWith('/api/v1/session'));
}

/** Attributes of the same request where an inner service answers it: no user, no client, only the calling pod. */
export function innerAttributes(request: ApiRequest, status: number): Attributes {
  const { endpoint } = request;
  const attributes: Attributes = {
    'http.request.method': endpoint.method,
    'http.route': innerRoute(endpoint),
    'url.scheme': 'http',
    'url.path': `/internal${path(request)}`,
    'http.response.status_code': status,
    'network.peer.address': podAddress((request.timeMs % 7) | 0),
    'user_agent.original': 'shop-edge/4.18',
  };
  if (status >= 500) attributes['error.type'] = String(status);
  return attributes;
}

/** Name of an inner service's span for a request to `endpoint`. */
export function innerName(endpoint: Endpoint): string {
  return `${endpoint.method} ${innerRoute(endpoint)}`;
}

function innerRoute(endpoint: Endpoint): string {
  return `/internal${endpoint.route}`;
}

function path({ endpoint, object }: ApiRequest): string {
  return endpoint.before + object + endpoint.after;
}

function requestBytes({ endpoint, random }: ApiRequest): number {
  return Math.round(random.logNormal(endpoint.requestBytes, 0.3));
}
