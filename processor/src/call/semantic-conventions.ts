/**
 * Which attributes are read for which meaning, in this order: stable names first, then those in development and those
 * that older SDKs still send. OpenTelemetry semantic conventions 1.44.0 and the deprecated registries beside them.
 */
export const SEMANTIC_CONVENTIONS = {
  method: ['http.request.method', 'http.method'],
  /** What `http.request.method` stood for when it is `_OTHER`. */
  originalMethod: ['http.request.method_original'],
  route: ['http.route', 'url.template'],
  path: ['url.path', 'http.target'],
  url: ['url.full', 'http.url'],
  query: ['url.query'],
  httpStatus: ['http.response.status_code', 'http.status_code'],
  rpcStatus: ['rpc.status_code', 'rpc.response.status_code', 'rpc.grpc.status_code', 'rpc.connect_rpc.error_code'],
  /** Fully qualified since 1.39; before, the method alone, beside the service. */
  rpcMethod: ['rpc.method'],
  rpcService: ['rpc.service'],
  graphqlType: ['graphql.operation.type'],
  graphqlName: ['graphql.operation.name'],
  destination: ['messaging.destination.template', 'messaging.destination.name', 'messaging.destination'],
  messagingOperation: ['messaging.operation.type', 'messaging.operation'],
  clientAddress: ['client.address', 'http.client_ip'],
  forwardedFor: ['http.request.header.x-forwarded-for'],
  peerAddress: ['network.peer.address', 'net.sock.peer.addr', 'net.peer.ip', 'net.peer.name'],
  userAgent: ['user_agent.original', 'http.user_agent'],
  session: ['session.id'],
  requestSize: [
    'http.request.body.size',
    'http.request_content_length',
    'http.request_content_length_uncompressed',
    'http.request.header.content-length',
    'http.request.size',
    'messaging.message.body.size',
    'messaging.message_payload_size_bytes',
  ],
  responseSize: [
    'http.response.body.size',
    'http.response_content_length',
    'http.response_content_length_uncompressed',
    'http.response.header.content-length',
    'http.response.size',
  ],
  /** Of the resource. */
  serviceName: ['service.name'],
} as const satisfies Record<string, readonly string[]>;

export type Meaning = keyof typeof SEMANTIC_CONVENTIONS;

/** The numbers, in a KeyTable, of the attributes that are read: those above, and others that a user configures. */
export class AttributeKeys {
  /** What the KeyTable is to read. A key's number is its index. */
  readonly names: readonly string[];
  /** Per meaning the key numbers in the order of the table above. */
  readonly of: Readonly<Record<Meaning, readonly number[]>>;

  readonly #numbers = new Map<string, number>();

  /** `others`: names of more attributes; those of the table may be among them. */
  constructor(others: readonly string[]) {
    const of: Partial<Record<Meaning, readonly number[]>> = {};
    for (const meaning of Object.keys(SEMANTIC_CONVENTIONS) as Meaning[]) {
      of[meaning] = SEMANTIC_CONVENTIONS[meaning].map((name) => this.#add(name));
    }
    this.of = of as Record<Meaning, readonly number[]>;
    for (const name of others) this.#add(name);
    this.names = [...this.#numbers.keys()];
  }

  /** The number of an attribute that was named to the constructor or is in the table. */
  number(name: string): number {
    const number = this.#numbers.get(name);
    if (number === undefined) throw new RangeError(`The attribute ${name} is not read; name it to AttributeKeys.`);
    return number;
  }

  #add(name: string): number {
    const number = this.#numbers.get(name) ?? this.#numbers.size;
    this.#numbers.set(name, number);
    return number;
  }
}
