/** Where the keys of the pseudonyms come from: the configuration, files a person gives, or the data folder. */
import { type OtherKeys, PSEUDONYM_KEY_BYTES } from './call/pseudonym.ts';
import type { Config } from './config/schema.ts';
import { ServiceError } from './errors.ts';
import type { FileStore } from './store/files.ts';
import { parseSecret, readSecret } from './store/secrets.ts';

export interface PseudonymKeys extends Required<OtherKeys> {
  readonly key: Buffer;
}

/** The key that is configured, else the one in the data folder. Rejects with `config_invalid_value` where a file holds none. */
export async function readPseudonymKeys({ identity }: Config, store: FileStore): Promise<PseudonymKeys> {
  const file = identity.pseudonym_key_file;
  const key =
    parseSecret(identity.pseudonym_key) ??
    (file === '' ? await store.loadOrCreateSecret('pseudonym') : await readKey('identity.pseudonym_key_file', file));
  const option = 'identity.previous_pseudonym_key_files';
  const previous = await Promise.all(identity.previous_pseudonym_key_files.map((name) => readKey(option, name)));
  return { key, previous, hashKey: await store.loadOrCreateSecret('hashes') };
}

async function readKey(option: string, file: string): Promise<Buffer> {
  try {
    return await readSecret(file, PSEUDONYM_KEY_BYTES);
  } catch (error) {
    const reason = error instanceof ServiceError ? 'holds no key' : (error as Error).message;
    const expected = `a readable file with ${PSEUDONYM_KEY_BYTES} bytes, as they are, in hex or base64, or a copy of secrets/pseudonym`;
    throw new ServiceError(
      'config_invalid_value',
      { key: option, value: `${file} (${reason})`, expected },
      { cause: error },
    );
  }
}
