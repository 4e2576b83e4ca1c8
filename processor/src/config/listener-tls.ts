/** The TLS side of a listener: its certificate, read from files and read again when they change. */
import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls';
import { ServiceError } from '../errors.ts';
import type { Config } from './schema.ts';
import { type FileContents, WatchedFiles } from './watched-files.ts';

type TlsFiles = Config['control']['tls'];

/** What takes a new certificate: `tls.Server` and `https.Server`. Connections that are open keep the old one. */
interface CertificateTaker {
  setSecureContext(options: SecureContextOptions): void;
}

export class ListenerTls {
  readonly #files: TlsFiles;
  readonly #key: string;
  readonly #takers: CertificateTaker[] = [];
  readonly #watched: WatchedFiles;

  /** `group`: the options' path, such as `receiver.tls`. `onError` hears of a changed certificate that cannot be used. */
  constructor(group: string, files: TlsFiles, onError: (error: unknown) => void) {
    this.#files = files;
    this.#key = group;
    this.#watched = new WatchedFiles(this.#paths(), (contents) => this.#take(contents), onError);
  }

  /** Options for a server; undefined for plain text. Throws `config_invalid_value` when the files cannot be used. */
  serverOptions(): TlsOptions | undefined {
    if (this.#files.cert_file === '') return undefined;
    const context = this.#checked(this.#paths().map((path) => this.#readNow(path)));
    const isMutual = this.#files.client_ca_file !== '';
    return { ...context, requestCert: isMutual, rejectUnauthorized: isMutual };
  }

  /** From `start` on `server` gets the certificates that replace the one it was made with. */
  renews(server: CertificateTaker): void {
    this.#takers.push(server);
  }

  /** Watches the files. */
  start(): Promise<void> {
    return this.#watched.start();
  }

  stop(): void {
    this.#watched.stop();
  }

  #take(contents: FileContents): void {
    if (contents.length === 0) return;
    const context = this.#checked(contents);
    for (const taker of this.#takers) taker.setSecureContext(context);
  }

  /** Throws unless certificate and key belong together. */
  #checked([cert, key, ca]: FileContents): SecureContextOptions {
    const context: SecureContextOptions = {
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(ca !== undefined && { ca }),
      minVersion: 'TLSv1.2',
      // A resumed session would not ask for the client's certificate again, not even after its authority is gone.
      ...(ca !== undefined && { secureOptions: constants.SSL_OP_NO_TICKET }),
    };
    try {
      createSecureContext(context);
    } catch (error) {
      const values = { key: this.#key, value: (error as Error).message, expected: 'PEM files that belong together' };
      throw new ServiceError('config_invalid_value', values, { cause: error });
    }
    return context;
  }

  #paths(): string[] {
    const { cert_file: cert, key_file: key, client_ca_file: ca } = this.#files;
    return cert === '' ? [] : [cert, key, ...(ca === '' ? [] : [ca])];
  }

  #readNow(path: string): Buffer {
    try {
      return readFileSync(path);
    } catch (error) {
      const values = { key: this.#key, value: path, expected: 'PEM files that can be read' };
      throw new ServiceError('config_invalid_value', values, { cause: error });
    }
  }
}
