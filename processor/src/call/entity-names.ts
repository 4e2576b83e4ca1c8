/** How entities and endpoints are named to people, and in exclusions: never by a raw id, an address or a path. */
import type { EndpointDescription, EndpointTable } from './endpoint-table.ts';
import { displayName, type EntityKey, parseDisplayName } from './pseudonym.ts';

export class EntityNames {
  readonly #endpoints: EndpointTable;

  constructor(endpoints: EndpointTable) {
    this.#endpoints = endpoints;
  }

  /** Pseudonym of a user or an address, `{service} {endpoint}` of an endpoint, whose key's low half is its id. */
  entity(kind: 'user' | 'address' | 'endpoint', high: number, low: number): string {
    if (kind !== 'endpoint') return displayName(kind === 'user' ? 'u' : 'a', high, low);
    const { service, endpoint } = this.endpoint(low);
    return `${service} ${endpoint}`;
  }

  /** The key of an entity by its name; undefined for a name that nothing has. */
  keyOf(kind: 'user' | 'address' | 'endpoint', name: string): EntityKey | undefined {
    if (kind !== 'endpoint') {
      const key = parseDisplayName(name);
      return key?.prefix === (kind === 'user' ? 'u' : 'a') ? { high: key.high, low: key.low } : undefined;
    }
    for (let id = 0; id < this.#endpoints.size; id++)
      if (this.entity(kind, 0, id) === name) return { high: 0, low: id };
    return undefined;
  }

  endpoint(id: number): EndpointDescription {
    return this.#endpoints.describe(id);
  }
}
