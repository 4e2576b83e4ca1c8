/** A client that asks for news all day and fetches everything at night: the first nights are learned, the others no news. */
import { Replay } from '../../../processor/src/replay/replay.ts';
import { Random } from '../../../processor/src/simulation/random.ts';
import { call, nanoseconds, NOW, request } from '../pipeline/requests.ts';
import { configOf } from './recorded-traffic.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
/** Midnight before `NOW`. */
const START = Math.floor(NOW / DAY) * DAY;
const DAYS = 5;
const LEARNED_DAYS = 3;
const SYNC_HOUR = 2;
const OBJECTS = 150;
const SPANS_PER_REQUEST = 500;

interface Visit {
  readonly user: string;
  readonly seconds: number;
  readonly object: number;
}

const random = new Random(1, 'nightly job');

/** People at work by day, and two clients that ask for news every ten minutes. */
function* everyday(): Generator<Visit> {
  for (let day = 0; day < DAYS; day++) {
    for (let person = 0; person < 40; person++) {
      for (let n = 0; n < 30; n++) {
        const seconds = START + day * DAY + random.between(8, 18) * HOUR;
        yield { user: `person ${person}`, seconds, object: Math.floor(random.between(1, 5000)) };
      }
    }
    for (let minutes = 0; minutes < 24 * 60; minutes += 10) {
      for (const user of ['partner', 'newcomer']) yield { user, seconds: START + day * DAY + minutes * 60, object: 1 };
    }
  }
}

/** As many objects as there are, one after the other, within five minutes. */
function sync(user: string, day: number): Visit[] {
  const begin = START + day * DAY + SYNC_HOUR * HOUR;
  return Array.from({ length: OBJECTS }, (_, n) => ({ user, seconds: begin + 2 * n, object: day * 1000 + n }));
}

/** Users with an anomaly, by the day. */
async function flagged(visits: readonly Visit[]): Promise<Set<string>> {
  const found = new Set<string>();
  const inOrder = visits.toSorted((a, b) => a.seconds - b.seconds);
  const replay = new Replay({
    config: configOf(),
    learning: { until: START + LEARNED_DAYS * DAY },
    bounds: { from: START, to: START + DAYS * DAY },
    listener: {
      call: ({ startSeconds }, span, judgement) => {
        if (judgement?.isAnomaly !== true) return;
        found.add(`${inOrder[offset + span]!.user}, day ${Math.floor((startSeconds - START) / DAY)}`);
      },
    },
  });
  let offset = 0;
  for (; offset < inOrder.length; offset += SPANS_PER_REQUEST) {
    const spans = inOrder.slice(offset, offset + SPANS_PER_REQUEST).map(({ user, seconds, object }, index) => ({
      ...call(offset + index, { 'user.id': user, 'url.path': `/orders/${object}`, 'client.address': '' }),
      startTimeUnixNano: nanoseconds(seconds),
      endTimeUnixNano: nanoseconds(seconds + 0.1),
    }));
    await replay.judge(request(spans));
  }
  replay.finish();
  return found;
}

test('a nightly job of a client that is busy all day is quiet once two nights were seen, and the same of another is found', async () => {
  const nights = [0, 1, 2, 3, 4].flatMap((day) => sync('partner', day));
  expect(await flagged([...everyday(), ...nights, ...sync('newcomer', 4)])).toEqual(new Set(['newcomer, day 4']));
});

test('three times as much as on other nights is news', async () => {
  const nights = [0, 1, 2, 3].flatMap((day) => sync('partner', day));
  const more = [...sync('partner', 4), ...sync('partner', 5), ...sync('partner', 6)].map((visit, n) => ({
    ...visit,
    seconds: START + 4 * DAY + SYNC_HOUR * HOUR + (n * 280) / (3 * OBJECTS),
  }));
  expect(await flagged([...everyday(), ...nights, ...more])).toEqual(new Set(['partner, day 4']));
});
