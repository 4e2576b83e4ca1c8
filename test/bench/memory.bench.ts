/**
 * Memory of the service's process while one distinct user after the other calls it once: what every table does when it is
 * full. The service hands the spans on, trains every simulated hour and saves snapshots meanwhile.
 */
import { killAllPrograms } from '../support/child-program.ts';
import { Processor } from '../support/processor.ts';
import { removeTemporaryFolders, temporaryFolder } from '../support/temporary-folder.ts';
import { Calls } from './calls.ts';
import { startSink } from './hop.ts';
import { peakMegabytes, residentMegabytes } from './resident-memory.ts';
import type { BenchSection } from './section.ts';
import { TraceSender } from './trace-sender.ts';

const USERS = 1_000_000;
const QUICK_USERS = 30_000;
const USERS_PER_REQUEST = 1000;
/** All users call within so many seconds of span time, the last of them now: less than the day that spans may be late. */
const SPAN_SECONDS = 20 * 3600;
/** Often, so that several snapshots fall into a run. */
const SETTINGS = { store: { snapshot_seconds: 5 } } as const;
const MOST_MEGABYTES = 512;
/** Rows of the table: memory after each tenth of the users. */
const SHOWN = 10;

interface Reading {
  readonly users: number;
  /** Resident memory, megabytes. */
  readonly resident: number;
}

/** Offers a million users (`quick`: 30 000). Throws if the process ever needed more than 512 MB. */
export async function benchMemory({ quick }: { quick: boolean }): Promise<BenchSection> {
  const users = quick ? QUICK_USERS : USERS;
  try {
    const processor = await Processor.create(temporaryFolder(), {
      ...SETTINGS,
      export: { endpoint: await startSink() },
    });
    await processor.start();
    const { pid } = processor.program!;
    const readings = [{ users: 0, resident: residentMegabytes(pid) }];
    await offerUsers(users, processor.grpcAddress, (offered) => {
      readings.push({ users: offered, resident: residentMegabytes(pid) });
    });
    const peak = peakMegabytes(pid);
    const kept = await processor.metric('api_anomaly_tracked_entities', 'entity="user"');
    const evicted = await processor.metric('api_anomaly_evicted_entities_total', 'entity="user"');
    const trainings = await processor.metric('api_anomaly_training_runs_total');
    if (peak > MOST_MEGABYTES) {
      const course = shownOf(readings).map((reading) => rowOf(reading).join(': '));
      throw new Error(
        `The service needed ${peak.toFixed(0)} MB for ${users} users; at most ${MOST_MEGABYTES} MB. MB after users: ${course.join('; ')}.`,
      );
    }
    const secondHalf = readings.filter((reading) => reading.users >= users / 2);
    return {
      title: `Memory: ${users.toLocaleString('en')} distinct users`,
      columns: ['users offered', 'resident memory, MB'],
      rows: [...shownOf(readings).map(rowOf), ['highest at any time', peak.toFixed(0)]],
      notes: [
        `One call each, ${USERS_PER_REQUEST} a request, over OTLP/gRPC to a next hop; default limits; 1 MB is 1000000 bytes. At most ${MOST_MEGABYTES} MB.`,
        `Slope of the second half: ${(1e6 * slopeOf(secondHalf)).toFixed(1)} MB a million users (least squares).`,
        `${kept.toLocaleString('en')} users kept, ${evicted.toLocaleString('en')} evicted, ${trainings} trainings meanwhile.`,
      ],
    };
  } finally {
    await killAllPrograms();
    removeTemporaryFolders();
  }
}

/** Sends a call of every user, and tells how many were offered after every few requests. */
async function offerUsers(users: number, address: string, offered: (users: number) => void): Promise<void> {
  const sender = new TraceSender(address);
  const calls = new Calls(1);
  const begin = Date.now() / 1000 - SPAN_SECONDS;
  const secondsPerUser = SPAN_SECONDS / users;
  const readEvery = Math.max(1, Math.floor(users / USERS_PER_REQUEST / 100));
  for (let first = 0, request = 1; first < users; first += USERS_PER_REQUEST, request += 1) {
    const batch = Array.from({ length: USERS_PER_REQUEST }, (_, index) => first + index);
    const from = begin + first * secondsPerUser;
    await sender.send(calls.request(batch, from, from + USERS_PER_REQUEST * secondsPerUser));
    if (request % readEvery === 0) offered(first + USERS_PER_REQUEST);
  }
  await sender.close();
}

function shownOf(readings: readonly Reading[]): Reading[] {
  const step = (readings.length - 1) / SHOWN;
  return Array.from({ length: SHOWN + 1 }, (_, index) => readings[Math.round(index * step)]!);
}

const rowOf = ({ users, resident }: Reading): string[] => [users.toLocaleString('en'), resident.toFixed(0)];

/** Megabytes a user, of the line through the readings with the least squares. */
function slopeOf(readings: readonly Reading[]): number {
  const mean = (value: (reading: Reading) => number): number =>
    readings.reduce((sum, reading) => sum + value(reading), 0) / readings.length;
  const meanUsers = mean(({ users }) => users);
  const meanResident = mean(({ resident }) => resident);
  const covariance = mean(({ users, resident }) => (users - meanUsers) * (resident - meanResident));
  return covariance / mean(({ users }) => (users - meanUsers) ** 2);
}
