/** A small shop: catalogue, orders, sign-in. It keeps nothing; answers depend on the request alone. */
const express = require('express');

const PORT = Number(process.env.PORT ?? 8080);
const PRODUCTS = 500;

const app = express();
app.disable('x-powered-by');
app.use(express.json({ limit: '16kb' }));

app.get('/health', (_request, response) => response.json({ status: 'ok' }));

app.post('/api/session', (request, response) => {
  if (request.body?.password !== 'correct') return response.status(401).json({ error: 'wrong password' });
  return response.json({ token: 'sample' });
});

app.get('/api/products', (request, response) => {
  const page = Math.max(0, Number(request.query.page) || 0);
  response.json(Array.from({ length: 20 }, (_, index) => product(page * 20 + index)));
});

app.get('/api/products/:id', (request, response) => {
  const id = Number(request.params.id);
  if (!(id < PRODUCTS)) return response.status(404).json({ error: 'no such product' });
  return response.json(product(id));
});

/** Orders end in a digit of their owner, so that somebody else's are refused. */
app.get('/api/orders/:id', (request, response) => {
  const user = request.get('x-user') ?? '';
  if (user.at(-1) !== request.params.id.at(-1)) return response.status(403).json({ error: 'not your order' });
  return response.json({ id: request.params.id, lines: [product(1), product(2)] });
});

app.post('/api/orders', (_request, response) => response.status(201).json({ id: '1' }));

app.get('/api/admin/users', (_request, response) => response.status(403).json({ error: 'for administrators' }));

const product = (id) => ({ id, name: `Product ${id}`, price: 100 + ((id * 37) % 900) });

app.listen(PORT, () => process.stdout.write(`sample API on port ${PORT}\n`));
