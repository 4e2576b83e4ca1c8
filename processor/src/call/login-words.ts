/** Words that make an endpoint one where somebody proves who they are. */
const LOGIN_WORDS = new Set([
  'login',
  'logon',
  'signin',
  'auth',
  'authenticate',
  'authentication',
  'authorize',
  'oauth',
  'oauth2',
  'oidc',
  'saml',
  'sso',
  'token',
  'tokens',
  'session',
  'sessions',
  'password',
  'passwords',
  'passwd',
  'otp',
  'totp',
  'mfa',
  '2fa',
  // WordPress: every call brings a password.
  'xmlrpc',
]);

/** Two words that are one of them when they follow each other. */
const LOGIN_PAIRS = new Set(['log in', 'log on', 'sign in', 'sign on']);

/** Whether an endpoint's name speaks of logging in: by whole words, so that `/authors` does not. */
export function isLoginName(endpoint: string): boolean {
  const words = wordsOf(endpoint);
  return words.some((word, index) => LOGIN_WORDS.has(word) || LOGIN_PAIRS.has(`${word} ${words[index + 1]}`));
}

/** The words of `POST /api/signIn/{id}`: post, api, sign, in, id. */
function wordsOf(text: string): string[] {
  return text
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== '');
}
