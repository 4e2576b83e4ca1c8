/** How entities and endpoints are named to people, and in exclusions: never by a raw id, an address or a path. */
import type { EndpointDescription, EndpointTable } from './endpoint-table.ts';
import { displayName } from './pseudonym.ts';

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

  endpoint(id: number): EndpointDescription {
    return this.#endpoints.describe(id);
  }
}
