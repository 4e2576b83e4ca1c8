import { methodName } from '../../../processor/src/call/http-method.ts';
import { spanNameTemplate } from '../../../processor/src/call/span-name.ts';

test.each([
  ['GET /orders/17', 'GET', 'path', '/orders/{id}'],
  ['HTTP POST /orders', 'POST', 'path', '/orders'],
  ['/orders/17?x=1', '', 'path', '/orders/{id}'],
  ['GET', '', 'name', 'GET'],
  ['handle order', '', 'name', 'handle order'],
  ['grpc.health.v1.Health/Check', '', 'name', 'grpc.health.v1.Health/Check'],
  ['process order 550e8400-e29b-41d4-a716-446655440000', '', 'name', 'process order {id}'],
  ['mail alice@example.com', '', 'name', 'mail {id}'],
  ['Received /orders', '', 'name', 'Received /orders'],
  ['', '', 'name', ''],
])('the name %p is read as method %p and %s %p', (name, method, source, text) => {
  const template = spanNameTemplate(name);
  expect([methodName(template.method), template.source, template.text]).toEqual([method, source, text]);
});
