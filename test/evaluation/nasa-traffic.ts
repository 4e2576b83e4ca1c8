import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { WebRequest } from './web-request.ts';

/** `service.name` of the site's spans. */
export const NASA_SERVICE = 'nasa-web';

/** The log's clock shows whole seconds; whatever is added to it has to keep to them, or it would show. */
export const NASA_RESOLUTION_MS = 1000;

/** Where the log lies in the folder of the reference data. */
export const NASA_FILE = ['nasa-http-19950801', 'nasa_19950801.tsv.gz'] as const;

const COLUMNS = ['host', 'logname', 'time', 'method', 'url', 'response', 'bytes', 'referer', 'useragent'];

/**
 * The requests to NASA's web server at the Kennedy Space Center over 12.9 hours of 1 August 1995, in the log's order,
 * which is that of time. Real, without labels, presumed benign. A response without a body, and every 404, has size 0.
 * Throws when the file is not that log.
 */
export function* readNasaRequests(file: string): Generator<WebRequest, void, void> {
  const [header, ...lines] = gunzipSync(readFileSync(file)).toString('latin1').split('\n');
  if (header !== COLUMNS.join('\t')) throw new Error(`${file} begins with "${header}"; it must name the columns.`);
  for (const [i, line] of lines.entries()) {
    if (line === '') continue;
    const [address, , time, method, target, status, bytes, ...rest] = line.split('\t');
    if (rest.length !== 2) {
      throw new Error(`${file}:${i + 2} has ${line.split('\t').length} columns; it must have ${COLUMNS.length}.`);
    }
    yield {
      timeMs: Number(time) * 1000,
      method: method!,
      target: target!,
      status: Number(status),
      responseBytes: Number(bytes),
      address: address!,
      label: '',
    };
  }
}
