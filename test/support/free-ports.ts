import { createServer } from 'node:net';

/**
 * Below the range from which systems take ports for outgoing connections, so that a port stays free while a program
 * that listens on it is restarted. The process id spreads test runs that go on at the same time.
 */
const FIRST_PORT = 20_000;
const PORTS = 10_000;
let next = FIRST_PORT + ((process.pid * 97) % PORTS);

/** The next `count` loopback TCP ports on which nothing listens. No port is given twice by one process. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tried = 0; ports.length < count; tried += 1) {
    if (tried === PORTS) throw new Error(`No ${count} free ports from ${FIRST_PORT} to ${FIRST_PORT + PORTS - 1}.`);
    const port = next;
    next = FIRST_PORT + ((next + 1 - FIRST_PORT) % PORTS);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
