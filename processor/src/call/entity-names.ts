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
    const id = this.endpointIds().get(name);
    return id === undefined ? undefined : { high: 0, low: id };
  }

  /** The ids of all endpoints by name; of several of one name the first. */
  endpointIds(): Map<string, number> {
    const ids = new Map<string, number>();
    for (let id = this.#endpoints.size - 1; id >= 0; id--) ids.set(this.entity('endpoint', 0, id), id);
    return ids;
  }

  endpoint(id: number): EndpointDescription {
    return this.#endpoints.describe(id);
  }
}
