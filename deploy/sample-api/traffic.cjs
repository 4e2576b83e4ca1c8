/**
 * People who call the sample API, and every ATTACK_MINUTES one who should not: guesses passwords, reads other people's
 * orders, or copies the catalogue, in turn. API is its address, USERS how many people there are.
 */
const { setTimeout: sleep } = require('node:timers/promises');

const API = process.env.API ?? 'http://localhost:8080';
const USERS = Number(process.env.USERS ?? 60);
const ATTACK_MINUTES = Number(process.env.ATTACK_MINUTES ?? 10);
/** Seconds between two visits of a person, and between two calls of a visit, on average. */
const VISIT_SECONDS = 60;
const CALL_SECONDS = 2;

const pick = (count) => Math.floor(Math.random() * count);
const wait = (seconds) => sleep(-Math.log(1 - Math.random()) * seconds * 1000);

async function call(user, method, path, body) {
  try {
    const response = await fetch(API + path, {
      method,
      headers: { ...(user && { 'x-user': user }), 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(5000),
    });
    await response.arrayBuffer();
  } catch (error) {
    process.stderr.write(`${method} ${path}: ${error.message}\n`);
    await sleep(1000);
  }
}

/** Somebody who looks around, reads an own order now and then, and rarely buys. */
async function person(number) {
  const user = `user-${number}`;
  for (;;) {
    await wait(VISIT_SECONDS);
    await call(user, 'POST', '/api/session', { password: Math.random() < 0.03 ? 'mistyped' : 'correct' });
    for (let left = 1 + pick(6); left > 0; left--) {
      await wait(CALL_SECONDS);
      await call(user, 'GET', `/api/products?page=${pick(5)}`);
      await wait(CALL_SECONDS);
      await call(user, 'GET', `/api/products/${pick(100)}`);
    }
    if (Math.random() < 0.3) await call(user, 'GET', `/api/orders/${100 + pick(900)}${user.at(-1)}`);
    if (Math.random() < 0.1) await call(user, 'POST', '/api/orders', { lines: [1] });
  }
}

const ATTACKS = {
  guessPasswords: () => call(undefined, 'POST', '/api/session', { password: String(Math.random()) }),
  readOthersOrders: (user) => call(user, 'GET', `/api/orders/${1000 + pick(9000)}`),
  copyCatalogue: (user) => call(user, 'GET', `/api/products/${pick(500)}`),
};

async function attacker() {
  for (let turn = 0; ; turn++) {
    await sleep(ATTACK_MINUTES * 60_000);
    const [name, step] = Object.entries(ATTACKS)[turn % 3];
    process.stdout.write(`attack: ${name}\n`);
    for (let left = 300; left > 0; left--) {
      await step(`user-${turn % USERS}`);
      await sleep(100);
    }
  }
}

process.on('SIGTERM', () => process.exit(0));
void Promise.all([...Array.from({ length: USERS }, (_, number) => person(number)), attacker()]);
