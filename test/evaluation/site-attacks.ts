import { type Behavior, INTENSITIES, type Intensity } from '../../processor/src/simulation/attacks.ts';

/** `plain`: at an even pace and nothing else. `disguised`: irregular, among ordinary requests, from several addresses. */
export const VARIANTS = ['plain', 'disguised'] as const;

export type Variant = (typeof VARIANTS)[number];

interface SiteAttackParameters {
  readonly minutes: number;
  /** Mean number of the attack's own requests a minute, from all addresses together. */
  readonly perMinute: number;
  /** Addresses a plain attack comes from. */
  readonly addresses: number;
}

interface SiteAttackRow extends Readonly<Record<Intensity, SiteAttackParameters>> {
  /** What happens, in one line. */
  readonly meaning: string;
  /** The behavior a detector should name. */
  readonly behavior: Behavior;
}

/**
 * Attacks on a web site where clients are known by their address alone. Rates are those of the simulation's attacks where
 * there is one like it. Nobody tunes these numbers to a detector: they are part of the ground truth.
 */
// prettier-ignore
export const SITE_ATTACKS = {
  login_brute_force: {
    meaning: 'one password after another at the login', behavior: 'credential_stuffing',
    low:    { minutes: 45,  perMinute: 4,   addresses: 1 },
    medium: { minutes: 25,  perMinute: 15,  addresses: 1 },
    high:   { minutes: 10,  perMinute: 60,  addresses: 1 },
  },
  credential_stuffing: {
    meaning: 'leaked passwords tried from several addresses', behavior: 'credential_stuffing',
    low:    { minutes: 90,  perMinute: 4,   addresses: 4 },
    medium: { minutes: 40,  perMinute: 15,  addresses: 3 },
    high:   { minutes: 15,  perMinute: 60,  addresses: 2 },
  },
  vulnerability_scan: {
    meaning: 'files and scripts that are not there asked for by a word list', behavior: 'enumeration',
    low:    { minutes: 45,  perMinute: 4,   addresses: 1 },
    medium: { minutes: 25,  perMinute: 15,  addresses: 1 },
    high:   { minutes: 10,  perMinute: 60,  addresses: 1 },
  },
  scraping: {
    meaning: 'all pages read one after another', behavior: 'scraping',
    low:    { minutes: 120, perMinute: 6,   addresses: 1 },
    medium: { minutes: 60,  perMinute: 20,  addresses: 1 },
    high:   { minutes: 30,  perMinute: 80,  addresses: 1 },
  },
  privilege_probing: {
    meaning: 'closed doors of the administration tried', behavior: 'privilege_probing',
    low:    { minutes: 40,  perMinute: 0.4, addresses: 1 },
    medium: { minutes: 20,  perMinute: 2,   addresses: 1 },
    high:   { minutes: 10,  perMinute: 12,  addresses: 1 },
  },
  data_exfiltration: {
    meaning: 'the largest files fetched over and over', behavior: 'data_exfiltration',
    low:    { minutes: 60,  perMinute: 0.3, addresses: 1 },
    medium: { minutes: 30,  perMinute: 1,   addresses: 1 },
    high:   { minutes: 20,  perMinute: 4,   addresses: 1 },
  },
  rate_burst: {
    meaning: 'one page called over and over', behavior: 'rate_burst',
    low:    { minutes: 6,   perMinute: 25,  addresses: 1 },
    medium: { minutes: 6,   perMinute: 80,  addresses: 1 },
    high:   { minutes: 6,   perMinute: 300, addresses: 1 },
  },
  low_and_slow: {
    meaning: 'numbered files tried one after another for hours', behavior: 'low_and_slow',
    low:    { minutes: 240, perMinute: 0.2, addresses: 1 },
    medium: { minutes: 240, perMinute: 0.4, addresses: 1 },
    high:   { minutes: 240, perMinute: 1,   addresses: 1 },
  },
  silent_brute_force: {
    meaning: 'one password after another at a login that answers 200 to wrong ones', behavior: 'credential_stuffing',
    low:    { minutes: 45,  perMinute: 4,   addresses: 1 },
    medium: { minutes: 25,  perMinute: 15,  addresses: 1 },
    high:   { minutes: 10,  perMinute: 60,  addresses: 1 },
  },
} as const satisfies Record<string, SiteAttackRow>;

export type SiteAttackKind = keyof typeof SITE_ATTACKS;

export const SITE_ATTACK_KINDS = Object.keys(SITE_ATTACKS) as SiteAttackKind[];

interface Disguise {
  /** Pace: 0 is a metronome, 1 is exponential gaps. */
  readonly jitter: number;
  /** Ordinary requests mixed in, per request of the attack. */
  readonly cover: number;
  /** Factor on the addresses it comes from; the rate of all together stays. */
  readonly addresses: number;
}

export const DISGUISES: Readonly<Record<Variant, Disguise>> = {
  plain: { jitter: 0.1, cover: 0, addresses: 1 },
  disguised: { jitter: 0.9, cover: 0.5, addresses: 3 },
};

/** An attack asked for. */
export interface SiteAttackOrder {
  readonly kind: SiteAttackKind;
  readonly intensity: Intensity;
  readonly variant: Variant;
}

/** Every kind once in each variant, intensities in rotation: three seeds that follow each other have every attack once. */
export function rotatingAttacks(seed: number): SiteAttackOrder[] {
  return SITE_ATTACK_KINDS.flatMap((kind, row) =>
    VARIANTS.map((variant, column) => ({
      kind,
      intensity: INTENSITIES[(row + column + seed) % INTENSITIES.length]!,
      variant,
    })),
  );
}
