import { isLoginName } from '../../../processor/src/call/login-words.ts';

test.each([
  'POST /login',
  'POST /api/v1/auth/callback',
  'POST /oauth2/token',
  'shop.AuthService/SignIn',
  'POST /sign-in',
  'POST /users/{id}/password',
  'POST /sessions',
  'POST /verify_otp',
  'query login',
  'POST /xmlrpc.php',
  'POST /wp-login.php',
])('%s is a login', (name) => {
  expect(isLoginName(name)).toBe(true);
});

test.each(['GET /authors', 'GET /tokenizer', 'GET /obsession', 'GET /orders/{id}', 'POST /signal/in', ''])(
  '%p is none',
  (name) => {
    expect(isLoginName(name)).toBe(false);
  },
);
