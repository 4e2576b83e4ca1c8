/** Who may call the control API. */
import type { Config } from '../../config/schema.ts';
import type { Log } from '../../telemetry/log.ts';
import { generatedTokenFile } from './generated-tokens.ts';
import { type Role, ROLES } from './role.ts';
import { TokenSource } from './token-source.ts';

/** Who calls, as the audit trail names them. */
export interface Caller {
  readonly role: Role;
  /** The user that Grafana names, where the token is trusted to say so; otherwise the token's fingerprint. */
  readonly actor: string;
  /** Of the token. */
  readonly fingerprint: string;
}

/** The headers that say who calls. */
interface CallerHeaders {
  readonly authorization?: string | undefined;
  readonly 'x-grafana-user'?: string | string[] | undefined;
}

/** Longest name of a Grafana user kept in the audit trail. */
const MAX_USER_LENGTH = 128;

export class ControlAccess {
  readonly #source: TokenSource<Role>;
  readonly #trusted: ReadonlySet<string>;
  readonly #nowMs: () => number;

  /** Makes tokens where none are configured. Rejects with `tokens_unreadable` or the error of the disk. */
  static async open(
    { tokens }: Config['control'],
    dataFolder: string,
    { log, nowMs }: { readonly log: Log; readonly nowMs: () => number },
  ): Promise<ControlAccess> {
    let source = new TokenSource(
      ROLES.map((role) => ({ role, tokens: tokens[role], file: tokens[`${role}_file`] })),
      log,
    );
    if (!source.isConfigured) {
      const sets = ROLES.map(async (role) => {
        const { file, isNew } = await generatedTokenFile(dataFolder, role);
        if (isNew) log.warn({ role, file }, 'no control credentials are configured; one was made and is in this file');
        return { role, tokens: [], file };
      });
      source = new TokenSource(await Promise.all(sets), log);
    }
    const access = new ControlAccess(source, tokens.trusted_for_user_header, nowMs);
    await source.start();
    return access;
  }

  private constructor(source: TokenSource<Role>, trusted: readonly string[], nowMs: () => number) {
    this.#source = source;
    this.#trusted = new Set(trusted);
    this.#nowMs = nowMs;
  }

  /**
   * Who calls; undefined without a valid token. `acceptsBasic`: a browser may show the token as the password of HTTP
   * Basic, for pages it opens by itself. Only where nothing is changed: browsers send it along on their own.
   */
  caller(headers: CallerHeaders, acceptsBasic = false): Caller | undefined {
    const { authorization } = headers;
    const nowMs = this.#nowMs();
    const password = acceptsBasic ? basicPassword(authorization) : undefined;
    const known =
      password === undefined ? this.#source.bearer(authorization, nowMs) : this.#source.find(password, nowMs);
    if (known === undefined) return undefined;
    const { role, fingerprint } = known;
    const user = this.#trusted.has(fingerprint) ? oneText(headers['x-grafana-user']) : '';
    return { role, fingerprint, actor: user === '' ? `${role}:${fingerprint}` : `grafana:${user}` };
  }

  /** Reads token files that have changed now instead of within seconds. */
  look(): Promise<void> {
    return this.#source.look();
  }

  stop(): void {
    this.#source.stop();
  }
}

function basicPassword(authorization: string | undefined): string | undefined {
  const encoded = /^basic +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const credentials = Buffer.from(encoded, 'base64').toString('utf8');
  return credentials.slice(credentials.indexOf(':') + 1);
}

function oneText(header: string | string[] | undefined): string {
  return typeof header === 'string' ? header.slice(0, MAX_USER_LENGTH).replaceAll(/[^\x20-\x7e]/g, '?') : '';
}
