import { EndpointCache } from './endpoint-cache.ts';
import { isWriteMethod, methodName, methodOf } from './http-method.ts';
import { isLoginName } from './login-words.ts';
import { PathFanOut, type WidePositions } from './path-fan-out.ts';
import { MAX_SEGMENTS } from './path-template.ts';

/** What stands for everything that no longer fits. */
const OTHER = '{other}';

/** Where an endpoint's name comes from, the best source first. */
export const ENDPOINT_SOURCES = ['route', 'rpc', 'graphql', 'messaging', 'path', 'name', 'other', 'merged'] as const;
export type EndpointSource = (typeof ENDPOINT_SOURCES)[number];

export interface EndpointLimits {
  /** Services told apart, `{other}` included. */
  readonly maxServices: number;
  /** Endpoints told apart per service, beside its `{other}`. */
  readonly maxEndpointsPerService: number;
  /** Endpoints of all services together; Infinity when not given. */
  readonly maxEndpoints?: number;
}

export interface EndpointDescription {
  readonly service: string;
  /** Such as 'GET /orders/{id}'. */
  readonly endpoint: string;
}

/** What names an endpoint. */
export interface EndpointName {
  /** Service id. */
  readonly service: number;
  /** Method number of http-method.ts. */
  readonly method: number;
  readonly source: EndpointSource;
  /** Route, full RPC method, operation, path template or span name. */
  readonly text: string;
}

/** An EndpointTable as plain JSON; ids are the indexes of the lists. */
export interface EndpointSnapshot {
  /** 1. */
  readonly format: number;
  readonly services: readonly { readonly name: string; readonly wide: WidePositions }[];
  readonly endpoints: readonly {
    readonly service: number;
    readonly method: string;
    readonly source: EndpointSource;
    readonly text: string;
  }[];
}

/** Of a snapshot. */
const FORMAT = 1;

/** Longest name of a service or an endpoint, in UTF-16 code units. */
const MAX_NAME_LENGTH = 256;

/** Id of the service, and of the endpoint, that stand for all those beyond the limits. */
const OVERFLOW = 0;

class Service {
  readonly name: string;
  readonly fanOut = new PathFanOut();
  /** Endpoints by full name, without `{other}` and merged ones. */
  readonly endpoints = new Map<string, number>();
  /** Ids given out: a limit of its own, so that merging endpoints cannot be used to make ids without end. */
  created = 0;
  /** Id of its `{other}`; -1 as long as it needs none. */
  other = -1;

  constructor(name: string) {
    this.name = name;
  }
}

/**
 * The endpoints that were seen: a bounded list of names with stable ids. Names are only made when an endpoint is new;
 * known ones are found through `cache`.
 */
export class EndpointTable {
  readonly cache = new EndpointCache();
  /** Goes up when `restore` gives ids another meaning. */
  revision = 0;
  /** While true nothing is added: what is not known is `{other}`. For calls that are only tried out. */
  isReadOnly = false;

  readonly #limits: EndpointLimits;
  readonly #services: Service[] = [];
  readonly #serviceIds = new Map<string, number>();
  readonly #endpoints: EndpointName[] = [];
  readonly #isLogin: boolean[] = [];
  /** Per endpoint: bit n set when segment n of its path is a parameter; number of segments, -1 when it names no path. */
  readonly #parameters: number[] = [];
  readonly #segmentCounts: number[] = [];

  constructor(limits: EndpointLimits) {
    this.#limits = limits;
    this.#clear();
  }

  /** Endpoints with an id; ids are 0 to size - 1. */
  get size(): number {
    return this.#endpoints.length;
  }

  /** Services with an id; ids are 0 to serviceCount - 1 and stay below `maxServices`. */
  get serviceCount(): number {
    return this.#services.length;
  }

  /** Id of the service of that name; that of `{other}` when there are too many. */
  service(name: string): number {
    const shownName = printable(name);
    const id = this.#serviceIds.get(shownName);
    if (id !== undefined) return id;
    const hasRoom = !this.isReadOnly && this.#services.length < this.#limits.maxServices;
    return hasRoom ? this.#addService(shownName) : OVERFLOW;
  }

  /** Name of a service; '{other}' for an unknown id. */
  serviceName(id: number): string {
    return (this.#services[id] ?? this.#services[OVERFLOW]!).name;
  }

  /** Service and name of an endpoint, for labels and lists; those of the overflow for an unknown id. */
  describe(id: number): EndpointDescription {
    const endpoint = this.#endpoints[id] ?? this.#endpoints[OVERFLOW]!;
    return { service: this.serviceName(endpoint.service), endpoint: fullName(endpoint) };
  }

  /** Whether the endpoint's name speaks of logging in. */
  isLogin(id: number): boolean {
    return this.#isLogin[id] === true;
  }

  /** Whether the endpoint is the `{other}` of its service. */
  isOther(id: number): boolean {
    return this.#endpoints[id]?.source === 'other';
  }

  /** Whether calls of the endpoint change something, as far as its method or operation tells. */
  isWrite(id: number, method: number): boolean {
    const endpoint = this.#endpoints[id];
    if (endpoint?.source === 'graphql') return endpoint.text.startsWith('mutation');
    return isWriteMethod(method);
  }

  /**
   * Bit n is set when the n-th segment of a path with `segmentCount` segments is a parameter of the endpoint; -1 when
   * the endpoint's template has another number of segments (a mounted route, a catch-all) or is none.
   */
  parameters(id: number, segmentCount: number): number {
    return this.#segmentCounts[id] === segmentCount ? this.#parameters[id]! : -1;
  }

  /**
   * Id of the endpoint of that name; a new one, the service's `{other}` when it is full. `isProven`: the call shows that
   * the endpoint exists; unproven ones get no id, so that guessing paths cannot fill the table.
   */
  resolve(name: EndpointName, isProven: boolean): number {
    const service = this.#services[name.service];
    if (service === undefined || name.service === OVERFLOW) return OVERFLOW;
    const isPath = name.source === 'path';
    const applied = this.#applied(service, name);
    const known = service.endpoints.get(fullName(applied));
    if (known !== undefined) return known;
    if (this.isReadOnly) return service.other < 0 ? OVERFLOW : service.other;
    if (!isProven || !this.#hasRoom(service)) return this.#other(service, name.service);

    const id = this.#add(applied);
    service.created++;
    service.endpoints.set(fullName(applied), id);
    if (!isPath || !service.fanOut.learn(applied.text)) return id;
    this.#merge(service);
    return service.endpoints.get(fullName(this.#applied(service, name))) ?? id;
  }

  /** All that must be kept to give the same ids again, as plain JSON. */
  snapshot(): EndpointSnapshot {
    return {
      format: FORMAT,
      services: this.#services.map((service) => ({ name: service.name, wide: service.fanOut.snapshot() })),
      endpoints: this.#endpoints.map(({ service, method, source, text }) => ({
        service,
        method: methodName(method),
        source,
        text,
      })),
    };
  }

  /** Replaces all that is known by a snapshot. Throws RangeError when it is none of this format. */
  restore(snapshot: EndpointSnapshot): void {
    if (snapshot.format !== FORMAT)
      throw new RangeError(`The endpoint snapshot has format ${snapshot.format}; this reads ${FORMAT}.`);
    this.#clear();
    for (const [id, { name, wide }] of snapshot.services.entries()) {
      if (id !== OVERFLOW) this.#addService(name);
      this.#services[id]!.fanOut.restore(wide);
    }
    for (const [id, { service: serviceId, method, source, text }] of snapshot.endpoints.entries()) {
      if (id === OVERFLOW) continue;
      const service = this.#services[serviceId];
      if (service === undefined) throw new RangeError(`Endpoint ${id} of the snapshot has no service ${serviceId}.`);
      const endpoint = { service: serviceId, method: methodOf(method), source, text };
      this.#add(endpoint);
      if (source === 'other') service.other = id;
      else service.created++;
      if (source !== 'other' && source !== 'merged') service.endpoints.set(fullName(endpoint), id);
      if (source === 'path') service.fanOut.learn(text);
    }
  }

  #clear(): void {
    this.revision++;
    this.cache.clear();
    this.#services.length = 0;
    this.#serviceIds.clear();
    this.#endpoints.length = 0;
    this.#addService(OTHER);
    this.#services[OVERFLOW]!.other = this.#add({ service: OVERFLOW, method: 0, source: 'other', text: OTHER });
  }

  #addService(name: string): number {
    this.#serviceIds.set(name, this.#services.length);
    return this.#services.push(new Service(name)) - 1;
  }

  #hasRoom(service: Service): boolean {
    const { maxEndpointsPerService, maxEndpoints = Infinity } = this.#limits;
    return (
      this.size < maxEndpoints &&
      service.endpoints.size < maxEndpointsPerService &&
      service.created < 2 * maxEndpointsPerService
    );
  }

  #other(service: Service, serviceId: number): number {
    if (service.other < 0) service.other = this.#add({ service: serviceId, method: 0, source: 'other', text: OTHER });
    return service.other;
  }

  #applied(service: Service, name: EndpointName): EndpointName {
    const text = printable(name.text);
    return { ...name, text: name.source === 'path' ? service.fanOut.apply(text) : text };
  }

  #add(endpoint: EndpointName): number {
    const id = this.#endpoints.length;
    this.#set(id, endpoint);
    return id;
  }

  #set(id: number, endpoint: EndpointName): void {
    this.#endpoints[id] = endpoint;
    this.#isLogin[id] = isLoginName(endpoint.text);
    this.#parameters[id] = 0;
    this.#segmentCounts[id] = -1;
    if (endpoint.source !== 'route' && endpoint.source !== 'path') return;
    const segments = endpoint.text.split('/').filter((segment) => segment !== '');
    this.#segmentCounts[id] = Math.min(segments.length, MAX_SEGMENTS);
    let parameters = 0;
    for (const [n, segment] of segments.slice(0, MAX_SEGMENTS).entries()) {
      if (isParameter(segment)) parameters |= 1 << n;
    }
    this.#parameters[id] = parameters;
  }

  /** Merges the endpoints whose templates have become the same by a position that turned out wide. */
  #merge(service: Service): void {
    this.cache.clear();
    let hasWidened = true;
    while (hasWidened) {
      hasWidened = false;
      const before = [...service.endpoints];
      service.fanOut.forgetChildren();
      for (const [name, id] of before) {
        const endpoint = this.#endpoints[id]!;
        if (endpoint.source !== 'path') continue;
        const applied = this.#applied(service, endpoint);
        if (fullName(applied) !== name) {
          service.endpoints.delete(name);
          if (service.endpoints.has(fullName(applied))) this.#retire(id);
          else {
            service.endpoints.set(fullName(applied), id);
            this.#set(id, applied);
          }
        }
        if (service.fanOut.learn(applied.text)) hasWidened = true;
      }
    }
  }

  /** An id is not given to another endpoint, and its name, perhaps a person's, is forgotten. */
  #retire(id: number): void {
    this.#set(id, { ...this.#endpoints[id]!, source: 'merged', text: `{merged ${id}}` });
  }
}

function fullName({ method, source, text }: EndpointName): string {
  const name = methodName(method);
  // The names of other sources are whole, and a span's name often begins with the method.
  const hasMethod = source === 'route' || source === 'path' || source === 'merged' || source === 'name';
  return !hasMethod || name === '' || text === name || text.startsWith(`${name} `) ? text : `${name} ${text}`;
}

/** The parameters of the usual frameworks: `:id`, `{id}`, `<int:id>`, `[id]`, `(?<id>…)`, `*path`, `$id`. */
function isParameter(segment: string): boolean {
  return ':{<[(*$'.includes(segment[0]!) || segment.includes('{') || segment.includes('<');
}

/** The text without control characters, and not too long. */
function printable(text: string): string {
  return text.slice(0, MAX_NAME_LENGTH).replaceAll(/\p{Cc}/gu, '?');
}
