/** The pauses in the status, compared with the consumers' own record logs, over many rebalances of each protocol. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { LoadTest } from '../../src/api/loadtest/loadTest.ts';
import { WORKER_PORT } from '../../src/domain/workers/environment.ts';
import { STOP_PATH } from '../../src/domain/workers/stopMode.ts';
import { get, kubeconfig, kubectl, list, program } from '../../tools/kubectl.ts';
import { applyIn, eventually, loadTest, makeNamespace, removeNamespace, untilLoadTest } from '../support/clusterLab.ts';
import { type LoggedRecord, loggedRecord, longestPause, wallClock } from './recordTruth.ts';
import { summary } from './summary.ts';

const PARTITIONS = 3;
const PATIENCE_MS = 10 * 60_000;
const SELECTOR = 'kafkalab.dev/loadtest=lab,app.kubernetes.io/component=consumer';
/** The number of rounds of the schedules below: at least 32 rebalances after the first assignment. */
const ROUNDS = 8;

interface Case {
  consumers?: Record<string, unknown>;
  config: Record<string, string>;
  /** The changes of a round: a new number of consumers, or a consumer whose pod is killed (SIGKILL) and restarted. */
  round: (number | { kill: string })[];
  aimErrorMs: number | 'errorBoundMs';
}
const BY_SCALE = [2, 3, 2, 1];
const SHORT_SESSION = { 'session.timeout.ms': '6000', 'heartbeat.interval.ms': '2000' };

const CASES: Record<string, Case> = {
  range: { config: { 'partition.assignment.strategy': 'range' }, round: BY_SCALE, aimErrorMs: 20 },
  roundrobin: { config: { 'partition.assignment.strategy': 'roundrobin' }, round: BY_SCALE, aimErrorMs: 20 },
  'cooperative-sticky': {
    config: { 'partition.assignment.strategy': 'cooperative-sticky' },
    round: BY_SCALE,
    aimErrorMs: 20,
  },
  consumer: { config: { 'group.protocol': 'consumer' }, round: BY_SCALE, aimErrorMs: 20 },
  static: { consumers: { identity: 'Static' }, config: SHORT_SESSION, round: BY_SCALE, aimErrorMs: 20 },
  crashes: {
    consumers: { replicas: 2 },
    config: SHORT_SESSION,
    round: [{ kill: 'lab-consumer-1' }, { kill: 'lab-consumer-0' }],
    aimErrorMs: 'errorBoundMs',
  },
};

interface Pod {
  metadata: { name: string; uid: string };
  status: { phase: string };
}

/** Follows the logs of all consumers of a namespace, including later ones. */
class Followers {
  readonly records: LoggedRecord[] = [];
  readonly #children = new Map<string, ChildProcess>();
  readonly #toWall = wallClock();
  readonly #namespace: string;
  #ended = false;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  async follow(): Promise<void> {
    while (!this.#ended) {
      for (const { metadata, status } of await list<Pod>('pods', this.#namespace, SELECTOR)) {
        if (status.phase === 'Running' && !this.#children.has(metadata.uid)) this.#begin(metadata);
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  #begin({ name, uid }: Pod['metadata']): void {
    const child = spawn(program, ['--kubeconfig', kubeconfig, 'logs', '-f', '-n', this.#namespace, name], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let unfinished = '';
    child.stdout?.on('data', (part: Buffer) => {
      const lines = (unfinished + part).split('\n');
      unfinished = lines.pop() ?? '';
      for (const line of lines) {
        const record = loggedRecord(line, this.#toWall);
        if (record !== undefined) this.records.push(record);
      }
    });
    this.#children.set(uid, child);
  }

  end(): void {
    this.#ended = true;
    for (const child of this.#children.values()) child.kill();
  }
}

const read = async (namespace: string) => (await get<LoadTest>('lt', 'lab', namespace)) as LoadTest;

/** Crashes a worker: at SIGTERM it exits as after SIGKILL (see stopMode.ts). Even a forced deletion would let it stop gracefully. */
async function crash(namespace: string, pod: string, run: string): Promise<void> {
  const ask = `fetch('http://127.0.0.1:${WORKER_PORT}${STOP_PATH}', { method: 'POST', body: '{"stop":"Kill"}', headers: {
    authorization: 'Bearer ${run}', 'content-type': 'application/json' } }).then(({ ok }) => process.exit(ok ? 0 : 1))`;
  await kubectl(['exec', '-n', namespace, pod, '--', 'node', '-e', ask]);
  await kubectl(['delete', 'pod', pod, '-n', namespace, '--wait=false']);
}

/** Changes the consumers once, and waits until the status has the resulting rebalances with all their pauses. */
async function change(namespace: string, to: Case['round'][number]): Promise<void> {
  const { metadata, spec, status: found } = await read(namespace);
  const before = found?.rebalances?.count ?? 0;
  const replicas = typeof to === 'number' ? to : spec.consumers?.replicas;
  if (typeof to === 'number') await kubectl(['scale', 'loadtest/lab', '-n', namespace, `--replicas=${to}`]);
  else await crash(namespace, to.kill, metadata.uid);
  await untilLoadTest(
    namespace,
    'lab',
    `${replicas} consumers have settled`,
    ({ status }) =>
      status?.consumers?.members.length === replicas &&
      status?.rebalances?.settled === true &&
      status.rebalances.count > before &&
      status.rebalances.recent.every(({ pending }) => pending === undefined),
    PATIENCE_MS,
  );
}

async function judge(name: string, { consumers, config, round, aimErrorMs }: Case): Promise<Record<string, unknown>> {
  const namespace = `bench-${name}`;
  await makeNamespace(namespace);
  const lab = loadTest({
    topic: { name: namespace, partitions: PARTITIONS, replicas: 2 },
    producers: { replicas: 1, messagesPerSecond: 150 },
    consumers: {
      group: namespace,
      processing: { perRecord: '2ms' },
      config: { 'auto.offset.reset': 'earliest', ...config },
      ...consumers,
    },
  });
  await applyIn(namespace, {
    ...lab,
    metadata: { ...lab.metadata, annotations: { 'kafkalab.dev/record-log': 'true' } },
  });
  const followers = new Followers(namespace);
  const following = followers.follow();
  await untilLoadTest(
    namespace,
    'lab',
    'consumes',
    ({ status }) => (status?.delivery?.consumed ?? 0) > 500 && status?.rebalances?.settled === true,
    PATIENCE_MS,
  );
  const times = Math.ceil((ROUNDS * BY_SCALE.length) / round.length);
  for (let time = 0; time < times; time++) for (const to of round) await change(namespace, to);
  const { rebalances, delivery } = (await read(namespace)).status ?? {};
  const newest = Math.max(...(rebalances?.recent ?? []).map(({ settledAt }) => Date.parse(settledAt)));
  await eventually('the logs are complete', () =>
    [...Array(PARTITIONS).keys()].every((partition) =>
      followers.records.some((record) => record.partition === partition && record.beganAt > newest + 1_000),
    ),
  );
  followers.end();
  await following;

  const errors: number[] = [];
  const pauses: number[] = [];
  const beyondAim: unknown[] = [];
  // The first rebalance has no record before it.
  for (const { number, at, settledAt, errorBoundMs = 0, pauses: measured } of (rebalances?.recent ?? []).slice(1)) {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const reported = measured.find((pause) => pause.partition === partition)?.ms ?? 0;
      // The status truncates times to milliseconds, and a pause may begin with the last callback.
      const [truth = 0] = [0, 1]
        .map((more) => longestPause(followers.records, partition, Date.parse(at), Date.parse(settledAt) + more))
        .sort((a, b) => Math.abs(reported - a) - Math.abs(reported - b));
      errors.push(Math.abs(reported - truth));
      pauses.push(truth);
      if (Math.abs(reported - truth) > (aimErrorMs === 'errorBoundMs' ? errorBoundMs : aimErrorMs))
        beyondAim.push({ number, partition, reported, truth: Math.round(truth), errorBoundMs });
    }
  }
  await removeNamespace(namespace);
  return {
    rebalances: (rebalances?.recent.length ?? 1) - 1,
    protocols: [...new Set(rebalances?.recent.map(({ protocol }) => protocol))],
    recordsLogged: followers.records.length,
    consumed: delivery?.consumed,
    pauseMs: summary(pauses, 1),
    errorMs: summary(errors, 1),
    aimErrorMs,
    beyondAim,
  };
}

/** CASES=crashes,range runs only these. Three run at a time: load does not matter, as status and truth are of the same run. */
const AT_A_TIME = 3;

export async function accuracy(): Promise<Record<string, unknown>> {
  const figures: Record<string, unknown> = {};
  const chosen = process.env.CASES?.split(',');
  const waiting = Object.entries(CASES).filter(([name]) => chosen === undefined || chosen.includes(name));
  const next = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      const [name, asked] = one;
      figures[name] = await judge(name, asked);
      console.log(JSON.stringify({ case: name, ...(figures[name] as object) }));
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, next));
  return figures;
}
