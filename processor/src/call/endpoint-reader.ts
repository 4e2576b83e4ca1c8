import type { RequestView } from '../otlp/request-view.ts';
import type { ApiCall } from './api-call.ts';
import { indexOfByte } from './ascii.ts';
import { parseDecimal } from './decimal.ts';
import { ENDPOINT_SOURCES, type EndpointSource, type EndpointTable } from './endpoint-table.ts';
import { HalfSipHash } from './half-sip-hash.ts';
import { NO_METHOD, OTHER_METHOD, readMethod } from './http-method.ts';
import { mixingHash } from './mixing-hash.ts';
import { isQueryStart, MAX_PATH_BYTES, PathTemplate } from './path-template.ts';
import { LoginPaths } from './login-paths.ts';
import type { Pseudonyms } from './pseudonym.ts';
import { QueryObject } from './query-object.ts';
import type { AttributeKeys } from './semantic-conventions.ts';
import { spanNameTemplate } from './span-name.ts';
import { SpanText } from './span-text.ts';

/** Bytes of a route, template or name that count. */
const MAX_NAME_BYTES = 256;

/** Before the name in the key: source, method and two bytes of service id. */
const KEY_HEAD = 4;

/** A scheme is shorter than this. */
const MAX_SCHEME_BYTES = 16;

const SLASH = 0x2f;
const COLON = 0x3a;
const SPACE = 0x20;

const UNIMPLEMENTED = 501;

/**
 * Finds a call's endpoint: service and method with the route, else the RPC's full method, the GraphQL operation, the
 * messaging destination, the path's template, the span's name. A known endpoint is found by a hash of these bytes.
 */
export class EndpointReader {
  readonly #keys: AttributeKeys['of'];
  readonly #pseudonyms: Pseudonyms;
  readonly #endpoints: EndpointTable;
  readonly #keyHash: HalfSipHash;
  readonly #pathSeed: number;

  readonly #template = new PathTemplate();
  readonly #text = new SpanText();
  /** What the endpoint is found by: KEY_HEAD bytes, then the name. */
  readonly #key = Buffer.alloc(KEY_HEAD + MAX_NAME_BYTES);
  #keyEnd = 0;
  readonly #objectBytes = Buffer.alloc(MAX_PATH_BYTES);
  readonly #loginPaths = new LoginPaths();
  readonly #query = new QueryObject();
  #pathOffset = 0;
  /** Where the text ends that the path is in. */
  #pathEnd = 0;

  constructor(keys: AttributeKeys['of'], pseudonyms: Pseudonyms, endpoints: EndpointTable) {
    this.#keys = keys;
    this.#pseudonyms = pseudonyms;
    this.#endpoints = endpoints;
    this.#keyHash = new HalfSipHash(pseudonyms.deriveKey('endpoint'));
    this.#pathSeed = pseudonyms.seed('path');
  }

  /** Fills in what the current span says about its endpoint. `call` has its service and status already. */
  read(view: RequestView, call: ApiCall): void {
    const method = this.#readMethod(view);
    const hasPath = this.#readPath(view, call);
    const source = this.#readKey(view, hasPath, method, call.service);
    const endpoint = this.#find(source, method, call);
    call.endpoint = endpoint;
    call.isRouted = source !== 'path' && source !== 'name';
    // An endpoint without a name of its own is told by its path: a site with too many endpoints still has logins.
    call.isNameless = hasPath && this.#endpoints.isOther(endpoint);
    call.isLogin = call.isNameless
      ? this.#loginPaths.isLogin(view.body, this.#pathOffset, this.#template.pathLength, call.path)
      : this.#endpoints.isLogin(endpoint);
    call.isWrite = this.#endpoints.isWrite(endpoint, method);
    call.object = 0;
    call.objectNumber = Number.NaN;
    if (hasPath && !this.#readObject(view.body, call)) this.#readQuery(view, call);
  }

  #readMethod(view: RequestView): number {
    const text = this.#text;
    if (!text.find(view, this.#keys.method)) return NO_METHOD;
    const method = readMethod(view.body, text.offset, text.length);
    if (method !== OTHER_METHOD || !text.find(view, this.#keys.originalMethod)) return method;
    return readMethod(view.body, text.offset, text.length);
  }

  /** Leaves the path's segments in the template; false when the span tells no path. */
  #readPath(view: RequestView, call: ApiCall): boolean {
    const text = this.#text;
    const { body } = view;
    call.path = 0;
    if (!text.find(view, this.#keys.path) && !text.find(view, this.#keys.url)) return false;
    const end = text.offset + text.length;
    // http.target may be a whole URL too (RFC 9112, absolute-form).
    const offset = body[text.offset] === SLASH ? text.offset : pathStart(body, text.offset, end);
    this.#template.read(body, offset, end - offset);
    this.#pathOffset = offset;
    this.#pathEnd = end;
    call.path = mixingHash(body, offset, this.#template.pathLength, this.#pathSeed);
    return true;
  }

  /** Puts together the key that the endpoint is found by; returns where its name comes from. */
  #readKey(view: RequestView, hasPath: boolean, method: number, service: number): EndpointSource {
    const keys = this.#keys;
    const text = this.#text;
    const { body } = view;
    this.#keyEnd = KEY_HEAD;
    let source: EndpointSource = 'name';
    if (text.find(view, keys.route)) {
      source = 'route';
      this.#append(body, text.offset, text.length);
    } else if (this.#appendPair(view, keys.rpcService, SLASH, keys.rpcMethod)) {
      source = 'rpc';
    } else if (this.#appendPair(view, keys.graphqlType, SPACE, keys.graphqlName)) {
      source = 'graphql';
    } else if (this.#appendPair(view, keys.messagingOperation, SPACE, keys.destination)) {
      source = 'messaging';
    } else if (hasPath) {
      source = 'path';
      this.#keyEnd = this.#template.write(body, this.#key, KEY_HEAD);
    } else if (view.nameOffset >= 0) {
      this.#append(body, view.nameOffset, view.nameLength);
    }
    const key = this.#key;
    key[0] = ENDPOINT_SOURCES.indexOf(source);
    key[1] = method;
    key[2] = service;
    key[3] = service >>> 8;
    return source;
  }

  /** Appends two attributes with a byte between, or the one there is; false when there is none. */
  #appendPair(view: RequestView, first: readonly number[], separator: number, second: readonly number[]): boolean {
    const text = this.#text;
    const { body } = view;
    const key = this.#key;
    const hasSecond = text.find(view, second);
    // rpc.method holds the service too, in newer conventions.
    const end = text.offset + text.length;
    const isWhole = separator === SLASH && hasSecond && indexOfByte(body, SLASH, text.offset, end) < end;
    if (!isWhole && text.find(view, first)) {
      this.#append(body, text.offset, text.length);
      if (hasSecond && this.#keyEnd < key.length) key[this.#keyEnd++] = separator;
    }
    if (hasSecond) {
      text.find(view, second);
      const skipped = body[text.offset] === SLASH ? 1 : 0;
      this.#append(body, text.offset + skipped, text.length - skipped);
    }
    return this.#keyEnd > KEY_HEAD;
  }

  #append(bytes: Uint8Array, offset: number, length: number): void {
    const key = this.#key;
    const count = Math.min(length, key.length - this.#keyEnd);
    for (let index = 0; index < count; index++) key[this.#keyEnd + index] = bytes[offset + index]!;
    this.#keyEnd += count;
  }

  /** The id of the endpoint in the key. */
  #find(source: EndpointSource, method: number, call: ApiCall): number {
    const hash = this.#keyHash;
    const { cache } = this.#endpoints;
    hash.hash64(this.#key, 0, this.#keyEnd);
    const { high, low } = hash;
    const cached = cache.find(high, low);
    if (cached >= 0) return cached;

    // A guess at a path ends in a client error; any other answer shows that there is an endpoint. A route is proof itself.
    const isRefused = call.isClientError || call.statusCode === UNIMPLEMENTED;
    const endpoint = this.#resolve(source, method, call.service, isRefused);
    const isFinal = !isRefused || !this.#endpoints.isOther(endpoint);
    if (isFinal && !this.#endpoints.isReadOnly) cache.keep(high, low, endpoint);
    return endpoint;
  }

  /** Makes the endpoint's name: the cold path. */
  #resolve(source: EndpointSource, method: number, service: number, isRefused: boolean): number {
    const endpoints = this.#endpoints;
    const text = this.#key.toString('utf8', KEY_HEAD, this.#keyEnd);
    if (source === 'route') {
      const template = this.#routeTemplate();
      return template === ''
        ? endpoints.resolve({ service, method, source, text }, true)
        : endpoints.resolve({ service, method, source: 'path', text: template }, !isRefused);
    }
    if (source !== 'name') return endpoints.resolve({ service, method, source, text }, !isRefused);
    const name = spanNameTemplate(text);
    // A span that tells its method in its name only.
    const nameMethod = method === NO_METHOD ? name.method : method;
    return endpoints.resolve({ service, method: nameMethod, source: name.source, text: name.text }, !isRefused);
  }

  /** The template of a route that is a path in truth, as faulty instrumentations send it; '' for a real route. */
  #routeTemplate(): string {
    const route = new PathTemplate();
    route.read(this.#key, KEY_HEAD, this.#keyEnd - KEY_HEAD);
    if (route.numbers === 0) return '';
    const target = Buffer.alloc(MAX_NAME_BYTES);
    return target.toString('utf8', 0, route.write(this.#key, target, 0));
  }

  /**
   * Hashes the path's values at the endpoint's parameters; without a template of the same length, its identifiers. Of an
   * endpoint without a name the whole path tells which object was asked for; what is there but closed is a function. False
   * where the path names none.
   */
  #readObject(body: Uint8Array, call: ApiCall): boolean {
    const template = this.#template;
    const known = this.#endpoints.parameters(call.endpoint, template.segmentCount);
    const parameters = known >= 0 ? known : template.identifiers;
    if (parameters === 0) {
      if (call.isNameless && !call.isAccessDenied) call.object = call.path;
      return call.isNameless;
    }
    const last = 31 - Math.clz32(parameters);
    const start = template.segmentStart(last);
    const end = template.segmentEnd(last);
    call.objectNumber = parseDecimal(body, start, end);
    if (parameters === 1 << last) {
      call.object = this.#pseudonyms.keyedHash32(body, start, end - start);
      return true;
    }
    const target = this.#objectBytes;
    let length = 0;
    for (let n = 0; n <= last; n++) {
      if ((parameters & (1 << n)) === 0) continue;
      const segmentEnd = template.segmentEnd(n);
      for (let index = template.segmentStart(n); index < segmentEnd; index++) target[length++] = body[index]!;
      target[length++] = SLASH;
    }
    call.object = this.#pseudonyms.keyedHash32(target, 0, length);
    return true;
  }

  /** Hashes what the query asks for: that of the URL or, in the stable conventions, an attribute of its own. */
  #readQuery(view: RequestView, call: ApiCall): void {
    const text = this.#text;
    const query = this.#query;
    const start = this.#pathOffset + this.#template.pathLength;
    if (start < this.#pathEnd) query.read(view.body, start, this.#pathEnd - start);
    else if (text.find(view, this.#keys.query)) query.read(view.body, text.offset, text.length);
    else return;
    if (query.length === 0) return;
    call.object = this.#pseudonyms.keyedHash32(query.bytes, 0, query.length);
    call.objectNumber = query.number;
  }
}

/** Where the path of a URL begins, or what follows its host when it has none. A text that is no URL is a path. */
function pathStart(bytes: Uint8Array, offset: number, end: number): number {
  const colon = indexOfByte(bytes, COLON, offset, Math.min(end, offset + MAX_SCHEME_BYTES));
  if (colon + 2 >= end || bytes[colon] !== COLON || bytes[colon + 1] !== SLASH || bytes[colon + 2] !== SLASH) {
    return offset;
  }
  const limit = Math.min(end, offset + MAX_PATH_BYTES);
  let index = colon + 3;
  while (index < limit && bytes[index] !== SLASH && !isQueryStart(bytes[index]!)) index++;
  return Math.min(index, end);
}
