/**
 * kill -9 of consumers at random moments: `status.delivery`, compared with a count of every record in the logs of all containers.
 * SEED=… repeats the moments.
 */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { LoadTest } from '../../../src/api/loadtest/loadTest.ts';
import { logs } from '../../../tools/cluster/paths.ts';
import { list } from '../../../tools/kubectl.ts';
import { delivered, kill9, type Processed, processedIn, seeded } from '../../support/bruteForce.ts';
import {
  applyIn,
  eventually,
  loadTest,
  makeNamespace,
  PATIENCE_MS,
  recordsIn,
  removeNamespace,
  stopProducers,
  untilLoadTest,
} from '../../support/clusterLab.ts';
import { processOf } from '../../support/containers.ts';
import { until } from '../../support/until.ts';

const NAMESPACE = 'brute';
const CONSUMERS = 2;
/** The kills of each pod. The kubelet restarts a container at once, then after 10 s, then after 20 s. */
const KILLS = 3;
/** The largest number of further records of a container before its kill. */
const MORE = 300;
const CASES = {
  auto: { commit: { mode: 'Auto' }, perRecord: '5ms', config: { 'auto.commit.interval.ms': '2000' } },
  every: { commit: { mode: 'Every', records: 10 }, perRecord: '8ms', config: {} },
};
const NAMES = Object.keys(CASES) as (keyof typeof CASES)[];

interface Pod {
  metadata: { name: string; uid: string };
  status: {
    containerStatuses?: {
      name: string;
      restartCount: number;
      ready: boolean;
      containerID?: string;
      state: { running?: unknown };
      lastState: { terminated?: { containerID?: string; exitCode: number } };
    }[];
  };
}

const podName = (name: string, ordinal: number) => `${name}-consumer-${ordinal}`;
async function container(pod: string) {
  const found = (await list<Pod>('pods', NAMESPACE)).find(({ metadata }) => metadata.name === pod);
  const status = found?.status.containerStatuses?.[0];
  if (found === undefined || status === undefined) return undefined;
  const { name, restartCount } = status;
  return {
    ...status,
    log: join(logs, 'pods', `${NAMESPACE}_${pod}_${found.metadata.uid}`, name, `${restartCount}.log`),
  };
}

/** The records in a log of the kubelet, whose lines are `<time> stdout F <line>`. */
const logged = (log: string | number): Processed[] =>
  processedIn(readFileSync(log, 'utf8').replaceAll(/^\S+ stdout F /gm, ''));
/** The records of removed containers. The kubelet keeps only the log of the last one of a pod. */
const ended = new Map<string, Processed[]>(NAMES.map((name) => [name, []]));

async function all(name: string): Promise<Processed[]> {
  const running = await Promise.all([...Array(CONSUMERS).keys()].map((ordinal) => container(podName(name, ordinal))));
  return [...(ended.get(name) ?? []), ...running.flatMap((one) => (one === undefined ? [] : logged(one.log)))];
}

async function killAgainAndAgain(name: string, ordinal: number, random: () => number): Promise<void> {
  const pod = podName(name, ordinal);
  for (let time = 0; time < KILLS; time++) {
    const { id, log } = await eventually(`${pod} is ready`, async () => {
      const now = await container(pod);
      if (!now?.ready || now.state.running === undefined || now.containerID === undefined) return undefined;
      return { id: now.containerID, log: now.log };
    });
    const least = 1 + Math.floor(random() * MORE);
    await until(`${pod} has processed ${least}`, () => logged(log).length >= least, PATIENCE_MS, 50);
    // The log stays open, because the kubelet may delete it when the next container fails to start on a busy machine.
    const kept = openSync(log, 'r');
    await kill9(processOf(id));
    await eventually(`${pod} is known to have died`, async () => {
      const now = await container(pod);
      const { terminated } = now?.lastState ?? {};
      if (terminated?.containerID === id) return terminated.exitCode === 137;
      // On a busy machine a later container may have failed to start before this one was seen.
      return now?.containerID !== undefined && now.containerID !== id && terminated !== undefined;
    });
    ended.get(name)?.push(...logged(kept));
    closeSync(kept);
  }
  await eventually(`${pod} is back`, async () => (await container(pod))?.ready);
}

beforeAll(async () => {
  await makeNamespace(NAMESPACE);
  await applyIn(
    NAMESPACE,
    ...NAMES.map((name) => {
      const { commit, perRecord, config } = CASES[name];
      const manifest = loadTest(
        {
          topic: { name: `brute-${name}`, partitions: 3, replicas: 2 },
          producers: {
            replicas: 2,
            messagesPerSecond: 50,
            record: { key: { mode: 'Sequence', cardinality: 300 } },
            config: { acks: 'all' },
          },
          consumers: {
            replicas: CONSUMERS,
            group: `brute-${name}`,
            processing: { perRecord },
            commit,
            config: {
              'auto.offset.reset': 'earliest',
              'session.timeout.ms': '6000',
              'heartbeat.interval.ms': '1000',
              ...config,
            },
          },
        },
        name,
      );
      return { ...manifest, metadata: { name, annotations: { 'kafkalab.dev/record-log': 'true' } } };
    }),
  );
});

afterAll(() => removeNamespace(NAMESPACE));

const counts = ({ status }: LoadTest) => {
  const { consumed = 0, duplicated = 0, skipped = 0 } = status?.delivery ?? {};
  return { consumed, duplicated, skipped };
};

test('after a dozen kills delivery in the status equals a count of every record', async () => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));
  console.log(`SEED=${seed}`);
  const pods = NAMES.flatMap((name) => [...Array(CONSUMERS).keys()].map((ordinal) => ({ name, ordinal })));
  await Promise.all(pods.map(({ name, ordinal }, n) => killAgainAndAgain(name, ordinal, seeded(seed + n))));
  for (const name of NAMES) {
    await stopProducers(NAMESPACE, name);
    await untilLoadTest(NAMESPACE, name, 'has no ready producer', ({ status }) => status?.producers?.ready === 0);
    const sent = await recordsIn(`brute-${name}`);
    const truth = await eventually(`all records of ${name} are in the logs`, async () => {
      const now = delivered(await all(name));
      return now.consumed - now.duplicated >= sent ? now : undefined;
    });
    console.log(`${name}: ${sent} sent, ${JSON.stringify(truth)}`);
    // The kills had an effect.
    expect(truth.duplicated).toBeGreaterThan(0);
    const last = await untilLoadTest(
      NAMESPACE,
      name,
      'has every record',
      (it) => counts(it).consumed >= truth.consumed && it.status?.rebalances?.settled === true,
    );
    expect({ ...counts(last), sent }).toEqual({
      ...delivered(await all(name)),
      sent: truth.consumed - truth.duplicated,
    });
  }
});
