/**
 * What Grafana's data source proxy does with a request, by its documented rules: routes are tried in order, the method
 * must be the same and the cleaned path begin alike; the role is checked, the headers are added. A request that no route
 * matches goes on as it is, without a token.
 */
export interface Route {
  readonly path: string;
  readonly method: string;
  readonly reqRole: string;
  readonly headers: ReadonlyArray<{ readonly name: string; readonly content: string }>;
}

export type Outcome =
  | { readonly kind: 'denied' }
  | {
      readonly kind: 'forwarded';
      readonly path: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly route: Route | undefined;
    };

const RANKS: Readonly<Record<string, number>> = { Viewer: 1, Editor: 2, Admin: 3 };

export function proxied(
  routes: readonly Route[],
  request: { readonly method: string; readonly path: string; readonly role: string },
  secrets: Readonly<Record<string, string>>,
): Outcome {
  // Cleaned as Go's path.Clean does: no dots, no double slashes.
  const path = new URL(`http://x/${request.path}`).pathname.replace(/\/{2,}/g, '/').slice(1);
  const route = routes.find(({ method, path: prefix }) => method === request.method && path.startsWith(prefix));
  if (route === undefined) {
    return { kind: 'forwarded', path, headers: {}, route };
  }
  if ((RANKS[request.role] ?? 0) < RANKS[route.reqRole]!) {
    return { kind: 'denied' };
  }
  const filled = (content: string) =>
    content.replace(/\{\{ \.SecureJsonData\.(\w+) \}\}/g, (_, name: string) => secrets[name] ?? '<no value>');
  const headers = Object.fromEntries(route.headers.map(({ name, content }) => [name.toLowerCase(), filled(content)]));
  return { kind: 'forwarded', path, headers, route };
}
