import type { Random } from '../../processor/src/simulation/random.ts';
import type { SiteAttackKind } from './site-attacks.ts';
import type { Answer, WebSite } from './web-site.ts';

/** The attack's request number `step`, counted from 0, and what the site answers. */
type Moves = (step: number) => Answer;

/** Passwords that fit: few, as lists of leaked ones are old. */
const FITTING_SHARE = 0.01;

/** What scanners look for: names of systems with known holes, of backups and of forgotten files. */
const SCANNED_FOLDERS = ['', '/cgi-bin', '/scripts', '/backup', '/old', '/test', '/admin', '/data', '/private', '/tmp'];
// prettier-ignore
const SCANNED_NAMES = [
  'phf', 'test-cgi', 'nph-test-cgi', 'php.cgi', 'campas', 'handler', 'webdist.cgi', 'aglimpse', 'finger', 'wrap',
  'query', 'formmail.pl', 'guestbook.pl', 'counter', 'passwd', 'shadow', '.htaccess', '.htpasswd', '.env', '.git/config',
  'config.php', 'config.bak', 'web.config', 'setup.php', 'install.php', 'info.php', 'phpinfo.php', 'shell.php',
  'wp-login.php', 'xmlrpc.php', 'backup.zip', 'backup.tar.gz', 'site.tar', 'dump.sql', 'db.sql', 'users.csv',
  'index.bak', 'core', 'access_log', 'error_log',
];

const CLOSED_DOORS = [
  '/admin/',
  '/admin/users',
  '/admin/config',
  '/admin/logs',
  '/admin/backup',
  '/admin/export',
].concat([
  '/manager/',
  '/server-status',
  '/server-info',
  '/cgi-bin/admin',
  '/internal/',
  '/staff/',
  '/private/',
  '/webadmin/',
]);
const REFUSALS = [403, 403, 401, 401, 404];

/** What an attacker of each kind does at a site that has no login in use and nothing to hide but what scanners hope for. */
export const SITE_ATTACK_MOVES: Readonly<Record<SiteAttackKind, (site: WebSite, random: Random) => Moves>> = {
  login_brute_force: tryPasswords,
  credential_stuffing: tryPasswords,
  silent_brute_force: (site, random) => () =>
    site.refuse(random.chance(FITTING_SHARE) ? 302 : 200, '/wp-login.php', 'POST'),

  vulnerability_scan(site, random) {
    const names = shuffle(
      SCANNED_FOLDERS.flatMap((folder) => SCANNED_NAMES.map((name) => `${folder}/${name}`)),
      random,
    );
    return (step) => site.get(inTurn(names, step));
  },

  scraping(site, random) {
    const pages = site.files.filter((file) => /(\/|\.html?|\.txt)$/.test(file));
    const targets = pages.length > 0 ? pages : site.files;
    const first = random.integer(targets.length);
    return (step) => site.get(inTurn(targets, first + step));
  },

  privilege_probing: (site, random) => (step) => site.refuse(random.pick(REFUSALS), inTurn(CLOSED_DOORS, step)),

  data_exfiltration: (site, random) => () => site.get(random.pick(site.largeFiles)),

  rate_burst(site, random) {
    const page = random.pick(site.popularFiles);
    return () => site.get(page);
  },

  low_and_slow(site, random) {
    const { before, first, width, after } = site.numbered;
    const start = first + random.integer(100);
    return (step) => site.get(`${before}${String(start + step).padStart(width, '0')}${after}`);
  },
};

function tryPasswords(site: WebSite, random: Random): Moves {
  return () => site.refuse(random.chance(FITTING_SHARE) ? 302 : 401, '/login', 'POST');
}

function inTurn<T>(items: readonly T[], step: number): T {
  return items[step % items.length]!;
}

/** Fisher and Yates' shuffle, into a new array. */
function shuffle<T>(items: readonly T[], random: Random): T[] {
  const shuffled = [...items];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
  }
  return shuffled;
}
