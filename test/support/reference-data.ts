import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { inflateRawSync } from 'node:zlib';

/** The folder ANOMALY_TEST_DATA names: forests, data sets and logs that are not part of the repository. */
const root = process.env['ANOMALY_TEST_DATA'];

/** A file or folder of the reference data. Throws when ANOMALY_TEST_DATA is not set. */
export function referencePath(...names: string[]): string {
  if (root === undefined) throw new Error('Set ANOMALY_TEST_DATA to the folder of the reference data.');
  return path.resolve(root, ...names);
}

/**
 * A test that reads `folder` of the reference data. Without it the test is skipped and says why; in CI it fails
 * instead, lest nobody notice that it no longer runs.
 */
export function itWithReferenceData(name: string, folder: string, test: () => Promise<void>, timeoutMs?: number): void {
  if (root !== undefined && existsSync(path.resolve(root, folder))) {
    it(name, test, timeoutMs);
  } else if (process.env['CI'] === 'true') {
    it(name, () => {
      throw new Error(`Reference data not found: set ANOMALY_TEST_DATA to the folder that holds ${folder}.`);
    });
  } else {
    process.stderr.write(`${name}: skipped: reference data not found\n`);
    it.skip(`${name} (skipped: reference data not found)`, test);
  }
}

/** An array of a NumPy file: `shape[0]` rows of `shape[1] ?? 1` values. */
interface NumpyArray {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Float64Array;
}

/** The arrays of an .npz file by name, as numbers. Zip (APPNOTE 4.3) and the .npy format 1.0 (NEP 1), as far as needed. */
export function readNpz(file: string): ReadonlyMap<string, NumpyArray> {
  const zip = readFileSync(file);
  const endOfDirectory = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  const arrays = new Map<string, NumpyArray>();
  let entry = zip.readUInt32LE(endOfDirectory + 16);
  for (let left = zip.readUInt16LE(endOfDirectory + 10); left > 0; left--) {
    const isDeflated = zip.readUInt16LE(entry + 10) === 8;
    const compressedSize = zip.readUInt32LE(entry + 20);
    const nameLength = zip.readUInt16LE(entry + 28);
    const header = zip.readUInt32LE(entry + 42);
    const name = zip.toString('utf8', entry + 46, entry + 46 + nameLength);
    const start = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28);
    const content = zip.subarray(start, start + compressedSize);
    arrays.set(name.replace(/\.npy$/, ''), parseNpy(isDeflated ? inflateRawSync(content) : content));
    entry += 46 + nameLength + zip.readUInt16LE(entry + 30) + zip.readUInt16LE(entry + 32);
  }
  return arrays;
}

const numberReaders: Record<string, { bytes: number; read: (data: Buffer, offset: number) => number }> = {
  '<f8': { bytes: 8, read: (data, offset) => data.readDoubleLE(offset) },
  '<i8': { bytes: 8, read: (data, offset) => Number(data.readBigInt64LE(offset)) },
  '<i4': { bytes: 4, read: (data, offset) => data.readInt32LE(offset) },
  '<i2': { bytes: 2, read: (data, offset) => data.readInt16LE(offset) },
  '|u1': { bytes: 1, read: (data, offset) => data.readUInt8(offset) },
};

function parseNpy(npy: Buffer): NumpyArray {
  const headerLength = npy.readUInt16LE(8);
  const header = npy.toString('latin1', 10, 10 + headerLength);
  const type = /'descr': '([^']+)'/.exec(header)?.[1] ?? '';
  const reader = numberReaders[type];
  if (reader === undefined) throw new Error(`NumPy type ${type} is not supported.`);
  const isColumnMajor = header.includes("'fortran_order': True");
  const shape = (/'shape': \(([^)]*)\)/.exec(header)?.[1] ?? '')
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number);
  const [rows = 1, columns = 1] = shape;
  const values = new Float64Array(rows * columns);
  for (let i = 0; i < values.length; i++) {
    const place = isColumnMajor ? (i % rows) * columns + Math.floor(i / rows) : i;
    values[place] = reader.read(npy, 10 + headerLength + i * reader.bytes);
  }
  return { shape, values };
}
