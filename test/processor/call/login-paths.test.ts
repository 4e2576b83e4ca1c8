import { LoginPaths } from '../../../processor/src/call/login-paths.ts';

const asked = (paths: LoginPaths, path: string, hash: number): boolean =>
  paths.isLogin(Buffer.from(`..${path}`), 2, path.length, hash);

describe('a path', () => {
  it('speaks of logging in by whole words', () => {
    const paths = new LoginPaths();
    expect([asked(paths, '/shop/login', 1), asked(paths, '/authors', 2), asked(paths, '/login', 3)]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('is asked once for its hash, and again when another one has taken its place', () => {
    const paths = new LoginPaths();
    expect(asked(paths, '/login', 7)).toBe(true);
    // The same hash: the kept answer, whatever the bytes.
    expect(asked(paths, '/home', 7)).toBe(true);
    expect(asked(paths, '/home', 7 + 4096)).toBe(false);
    expect(asked(paths, '/home', 7)).toBe(false);
  });

  it('is read to its 256th byte', () => {
    const paths = new LoginPaths();
    expect(asked(paths, `/${'a'.repeat(248)}/login`, 1)).toBe(true);
    expect(asked(paths, `/${'a'.repeat(256)}/login`, 2)).toBe(false);
  });
});
