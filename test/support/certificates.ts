import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { generate } from 'selfsigned';

export interface CertificateFiles {
  readonly cert_file: string;
  readonly key_file: string;
}

/** A new certificate for this machine in `folder`, signed by itself: it is its own authority. Files of that name are replaced. */
export async function writeCertificate(
  folder: string,
  name: string,
): Promise<CertificateFiles & { readonly cert: string; readonly key: string }> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    extensions: [
      { name: 'basicConstraints', cA: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  const files = { cert_file: path.join(folder, `${name}.crt`), key_file: path.join(folder, `${name}.key`) };
  writeFileSync(files.cert_file, cert);
  writeFileSync(files.key_file, key);
  return { ...files, cert, key };
}
