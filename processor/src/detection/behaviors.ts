/**
 * BEHAVIORS: every named behaviour once, with the features that speak for it and the least effect that is worth an alert.
 *
 * `signals`: weight of a feature's evidence, per entity kind. `minimum`: alternatives, in one of which every quantity must
 * be reached (in the feature's own unit, not its logarithm); below that the oddity is too small to act on. Quantities that
 * an entity kind does not have are passed over.
 */
export interface BehaviorDefinition {
  readonly meaning: string;
  /** OWASP API Security Top 10 (2023), where one fits. */
  readonly owasp?: string;
  readonly signals: Readonly<Partial<Record<'user' | 'address' | 'endpoint', Readonly<Record<string, number>>>>>;
  readonly minimum: readonly Readonly<Record<string, number>>[];
}

export const BEHAVIORS = {
  credential_stuffing: {
    meaning: 'Logins with stolen or guessed passwords, by one address or against one account',
    owasp: 'API2:2023',
    signals: {
      user: { failed_logins: 1.2, login_attempts: 1.1, denied: 0.5 },
      address: { failed_logins: 1.2, failed_users: 1.2, denied: 0.5, new_users: 0.3 },
    },
    minimum: [{ failed_logins: 5 }, { failed_users: 4 }, { login_attempts: 10 }],
  },
  enumeration: {
    meaning: 'Object ids, or paths that may be there, tried one after the other',
    owasp: 'API1:2023',
    signals: {
      user: { objects: 0.9, new_objects: 0.9, object_runs: 1, not_found: 1, denied: 0.95, refused_hour: 0.4 },
      address: { objects: 0.9, not_found: 1, denied: 0.7 },
    },
    minimum: [{ objects: 12 }, { object_runs: 8 }, { not_found: 10, objects: 6 }],
  },
  scraping: {
    meaning: 'Content read in bulk by a machine',
    owasp: 'API6:2023',
    signals: {
      user: {
        regularity: 1,
        calls_hour: 0.8,
        repeats: 0.6,
        endpoints: 0.5,
        objects: 1,
        object_runs: 1.1,
        new_objects: 1,
      },
      address: { regularity: 1, repeats: 0.6, endpoints: 0.5, objects: 1 },
    },
    minimum: [{ calls: 40 }, { objects: 20 }],
  },
  token_theft: {
    meaning: "A session used from a client or network that is not its owner's",
    owasp: 'API2:2023',
    signals: {
      user: {
        session_switches: 1.5,
        joint_novelty: 1.2,
        client_switches: 1.2,
        network_novelty: 0.6,
        client_novelty: 0.6,
      },
    },
    minimum: [{ client_switches: 3 }, { joint_novelty: 4 }, { session_switches: 1 }],
  },
  privilege_probing: {
    meaning: 'Functions tried that the caller may not use',
    owasp: 'API5:2023',
    signals: {
      user: {
        denied_endpoints: 1.2,
        denied: 0.8,
        error_excess: 0.6,
        client_errors: 0.4,
        failed_writes: 0.6,
        refused_hour: 0.4,
      },
      address: { denied: 0.6, not_found: 0.9, error_excess: 0.5, client_errors: 0.6 },
    },
    minimum: [{ denied_endpoints: 3 }, { denied: 6 }, { not_found: 15 }],
  },
  data_exfiltration: {
    meaning: 'Far more data taken out than usual',
    owasp: 'API3:2023',
    signals: {
      user: { response_bytes: 1, largest_response: 1, response_excess: 1 },
      address: { response_bytes: 1 },
    },
    minimum: [{ response_bytes: 1_000_000 }, { largest_response: 1_000_000 }],
  },
  off_hours: {
    meaning: 'Active at hours at which this user never is',
    signals: { user: { hour_surprisal: 1.2, odd_hour_calls: 1.2 } },
    minimum: [{ calls: 5 }],
  },
  latency: {
    meaning: 'An endpoint answers slower than it does',
    owasp: 'API4:2023',
    signals: { endpoint: { latency_shift: 1, slow_excess: 1, mean_duration: 0.8 } },
    minimum: [{ mean_duration: 20, slow_excess: 3 }],
  },
  error_burst: {
    meaning: 'Errors well beyond the usual rate',
    signals: {
      user: { server_errors: 1 },
      endpoint: {
        server_errors: 1,
        server_error_excess: 1,
        client_errors: 0.6,
        client_error_excess: 0.8,
        failed_users: 0.6,
      },
    },
    minimum: [{ server_errors: 3 }, { server_error_excess: 7 }, { client_errors: 10 }],
  },
  unusual_sequence: {
    meaning: 'Calls in an order that nobody uses',
    owasp: 'API6:2023',
    signals: { user: { transition_surprisal: 1.1, endpoint_novelty: 0.7, new_endpoints: 0.8 } },
    minimum: [{ calls: 5 }],
  },
  new_client: {
    meaning: 'A client never seen for this user, along with other changes',
    signals: { user: { client_novelty: 0.9, network_novelty: 0.7 } },
    minimum: [{ calls: 5 }],
  },
  rate_burst: {
    meaning: 'Far more calls than usual',
    owasp: 'API4:2023',
    signals: {
      user: { calls: 1, burst: 1.1, repeats: 1, request_bytes: 0.6, client_errors: 0.6 },
      address: { calls: 1, burst: 1.1, repeats: 1, users: 0.5, client_errors: 0.6 },
      endpoint: { calls: 1, share: 0.8, users: 0.5 },
    },
    minimum: [{ calls: 40 }, { burst: 20 }],
  },
  low_and_slow: {
    meaning: 'A little too much of something, for a long time',
    owasp: 'API1:2023',
    signals: { user: { new_objects_day: 0.6, refused_day: 0.6, refused_hour: 0.4 } },
    minimum: [{ new_objects_day: 150 }, { refused_day: 6 }],
  },
  other: {
    meaning: 'Unusual in a way that has no name here',
    signals: {},
    minimum: [],
  },
} as const satisfies Record<string, BehaviorDefinition>;

export type Behavior = keyof typeof BEHAVIORS;

export const BEHAVIOR_NAMES = Object.keys(BEHAVIORS) as Behavior[];

/** OWASP id of a behaviour, where one fits. */
export function owaspOf(name: string): string | undefined {
  const definition: BehaviorDefinition | undefined = Object.hasOwn(BEHAVIORS, name)
    ? BEHAVIORS[name as Behavior]
    : undefined;
  return definition?.owasp;
}

/** Severity of an incident by its highest score. */
export type Severity = 'low' | 'medium' | 'high' | 'critical';

export function severityOf(score: number): Severity {
  if (score < 0.67) return 'low';
  if (score < 0.8) return 'medium';
  return score < 0.95 ? 'high' : 'critical';
}
