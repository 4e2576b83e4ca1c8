import type { Caller } from '../../../processor/src/control/auth/control-access.ts';
import { ControlAccess } from '../../../processor/src/control/auth/control-access.ts';
import { ROLES, type Role } from '../../../processor/src/control/auth/role.ts';
import { ControlServer, type ControlServerOptions } from '../../../processor/src/control/server.ts';
import { loadConfig } from '../../../processor/src/config/load.ts';
import { createLog } from '../../../processor/src/telemetry/log.ts';

/** A valid token of each role. */
export const TOKENS: Readonly<Record<Role, string>> = {
  viewer: 'viewer-token-0123456789',
  operator: 'operator-token-0123456789',
  admin: 'admin-token-0123456789',
};

const silentLog = createLog({ level: 'error', destination: { write: () => undefined } });

const tokenLists = Object.fromEntries(ROLES.map((role) => [role, [TOKENS[role]]]));
const running: ControlServer[] = [];

/** The options of the control API, as a user writes them, over free ports and `TOKENS`. */
export function controlConfig(control: Record<string, unknown> = {}) {
  const environment = { API_ANOMALY_CONTROL: JSON.stringify({ port: 0, tokens: tokenLists, ...control }) };
  return loadConfig(undefined, environment).control;
}

export function createControlServer(
  control: Record<string, unknown> = {},
  options: Partial<ControlServerOptions> = {},
): ControlServer {
  return new ControlServer({
    config: controlConfig(control),
    version: '0.0.0',
    telemetry: { prometheus: () => Promise.resolve('up 1\n') },
    unreadyBecause: () => [],
    access: { caller: callerOf },
    views: {},
    nowMs: () => 1_700_000_000_000,
    log: silentLog,
    ...options,
  });
}

/** A server on a free port; `stopControlServers` stops it. */
export async function startControlServer(
  control: Record<string, unknown> = {},
  options: Partial<ControlServerOptions> = {},
): Promise<ControlServer> {
  const access = await ControlAccess.open(controlConfig(control), '/nowhere', { log: silentLog, nowMs: Date.now });
  const server = createControlServer(control, { access, ...options });
  running.push(server);
  await server.start();
  return server;
}

export async function stopControlServers(): Promise<void> {
  for (const server of running.splice(0)) await server.stop(AbortSignal.abort());
}

const callerOf = (): Caller | undefined => undefined;
