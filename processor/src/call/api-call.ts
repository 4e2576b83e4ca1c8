/**
 * One API call as the features see it, read from a span. One object is reused for every span: all fields are numbers
 * or booleans, and nothing in it can be turned back into a user, an address or a path.
 */
export class ApiCall {
  /** Start of the span in Unix seconds; 0 when the span has none. Never NaN. */
  startSeconds = 0;
  /** Duration in seconds, above 0; NaN when start or end is missing, out of order or absurd, or they are the same. */
  durationSeconds = Number.NaN;

  /** Id in the EndpointTable. */
  endpoint = 0;
  /** Id of the service in the EndpointTable. */
  service = 0;
  /** Whether the endpoint has no name of its own, so that only the path tells what was asked for. */
  isNameless = false;
  /** Whether the endpoint was named by a route (or RPC or GraphQL operation), not guessed from a path or span name. */
  isRouted = false;

  /** HTTP status, or the HTTP status a gRPC code stands for; 0 when unknown. */
  statusCode = 0;
  /** Status 5xx, or no status and a span status of ERROR (which servers set on their own faults only). */
  isServerError = false;
  /** Status 4xx. */
  isClientError = false;
  /** Status 401 or 403. */
  isAccessDenied = false;
  /** Status 401. */
  isUnauthenticated = false;
  /** Status 404. */
  isNotFound = false;
  /** Status 429. */
  isRateLimited = false;
  /** The method changes something: any but GET, HEAD, OPTIONS, TRACE and QUERY, or a GraphQL mutation. */
  isWrite = false;
  /** The endpoint's name speaks of logging in. */
  isLogin = false;

  /** The user's 64-bit pseudonym in two unsigned halves; 0, 0 without identity. */
  userHigh = 0;
  userLow = 0;
  /** Which configured attribute identified the user: its index + 1; 0 for none. */
  identityKind = 0;
  /** The identity is the client address. */
  isAddressIdentity = false;
  /** The call counts for its user: it carries the identity itself and was served at the edge. */
  countsForUser = false;

  /** The client address's 64-bit pseudonym in two unsigned halves; 0, 0 without address. */
  addressHigh = 0;
  addressLow = 0;
  hasAddress = false;
  /** The call counts for its address: it carries the address itself and was served at the edge. */
  countsForAddress = false;

  /** Keyed hash of the client's /24 (IPv4) or /48 (IPv6) network, unsigned 32 bit; 0 for none. */
  network = 0;
  /** Keyed hash of the user agent without its version digits, unsigned 32 bit; 0 for none. */
  client = 0;
  /** Keyed hash of the session id, unsigned 32 bit; 0 for none. */
  session = 0;
  /**
   * Keyed hash of the values that the endpoint's template replaces in the path, of what the query asks for where there are
   * none; unsigned 32 bit, 0 for none.
   */
  object = 0;
  /** The last of these values if it is a decimal integer below 2^53, else NaN; of a query the sum of those that are. */
  objectNumber = Number.NaN;
  /** Keyed hash of the path without its query, unsigned 32 bit; 0 for none. */
  path = 0;

  /** Size of the request body in bytes; NaN when not sent. */
  requestBytes = Number.NaN;
  /** Size of the response body in bytes; NaN when not sent. */
  responseBytes = Number.NaN;

  /** Calls this one stands for: 1 / sampling probability, from 1 to MAX_ADJUSTED_COUNT. */
  adjustedCount = 1;
  /** The sender says that it samples: only a share of the calls arrives. */
  isSampled = false;

  /** Fingerprints of trace id and span id in unsigned halves, to recognise a span that was sent twice. */
  traceHigh = 0;
  traceLow = 0;
  spanHigh = 0;
  spanLow = 0;
}
