/** Which senders of spans are taken. */
import type { Config } from '../../config/schema.ts';
import type { Log } from '../../telemetry/log.ts';
import { TokenSource } from './token-source.ts';

export class IngestAccess {
  readonly #source: TokenSource<'sender'>;
  readonly #nowMs: () => number;

  constructor(
    { tokens, token_file: file }: Config['receiver'],
    { log, nowMs }: { readonly log: Log; readonly nowMs: () => number },
  ) {
    this.#source = new TokenSource([{ role: 'sender', tokens, file }], log);
    this.#nowMs = nowMs;
  }

  /** Rejects with `tokens_unreadable`. */
  start(): Promise<void> {
    return this.#source.start();
  }

  /** Whether a sender with this Authorization header or metadata is taken: everybody where no tokens are configured. */
  admits(authorization: string | undefined): boolean {
    return !this.#source.isConfigured || this.#source.bearer(authorization, this.#nowMs()) !== undefined;
  }

  stop(): void {
    this.#source.stop();
  }
}
