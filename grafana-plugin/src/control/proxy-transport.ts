/** The control API through Grafana's data source proxy, which adds the token and checks the role. */
import { getBackendSrv } from '@grafana/runtime';
import { lastValueFrom } from 'rxjs';
import type { ControlRequest, Query, Transport } from './client';

/** `url`: the proxy's address of the data source. */
export function proxyTransport(url: string): Transport {
  return async ({ method, path, query, body, signal }: ControlRequest) => {
    const response = await lastValueFrom(
      getBackendSrv().fetch<unknown>({
        url: `${url}/${path}${queryString(query)}`,
        method,
        showErrorAlert: false,
        ...(signal !== undefined && { abortSignal: signal }),
        ...(body !== undefined && { data: body }),
        ...(body instanceof Blob && { headers: { 'Content-Type': 'application/octet-stream' } }),
      }),
    );
    return response.data;
  };
}

function queryString(query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') {
      parameters.set(name, String(value));
    }
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}
