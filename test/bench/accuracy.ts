/** Pauses in the status against the consumers' own record logs, over many rebalances of each protocol. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { LoadTest } from '../../src/api/loadTest.ts';
import { applyIn, eventually, loadTest, makeNamespace, removeNamespace, untilLoadTest } from '../support/clusterLab.ts';
import { get, kubeconfig, kubectl, list, program } from '../support/kubectl.ts';
import { type LoggedRecord, loggedRecord, longestPause, wallClock } from './recordTruth.ts';

const NAMESPACE = 'bench';
const PARTITIONS = 3;
const PATIENCE_MS = 10 * 60_000;
const SELECTOR = 'kafkalab.dev/loadtest=lab,app.kubernetes.io/component=consumer';
/** Of the rounds of the schedule below; 32 rebalances and the first assignment. */
const ROUNDS = 8;
const CHANGES = [2, 3, 2, 1];

const PROTOCOLS: Record<string, Record<string, string>> = {
  range: { 'partition.assignment.strategy': 'range' },
  'cooperative-sticky': { 'partition.assignment.strategy': 'cooperative-sticky' },
  consumer: { 'group.protocol': 'consumer' },
};

interface Pod {
  metadata: { name: string; uid: string };
  status: { phase: string };
}

/** Follows the logs of all consumers, those that come later too. */
class Followers {
  readonly records: LoggedRecord[] = [];
  readonly #children = new Map<string, ChildProcess>();
  readonly #toWall = wallClock();
  #ended = false;

  async follow(): Promise<void> {
    while (!this.#ended) {
      for (const { metadata, status } of await list<Pod>('pods', NAMESPACE, '-l', SELECTOR)) {
        if (status.phase === 'Running' && !this.#children.has(metadata.uid)) this.#begin(metadata);
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  #begin({ name, uid }: Pod['metadata']): void {
    const child = spawn(program, ['--kubeconfig', kubeconfig, 'logs', '-f', '-n', NAMESPACE, name], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let begun = '';
    child.stdout?.on('data', (part: Buffer) => {
      const lines = (begun + part).split('\n');
      begun = lines.pop() ?? '';
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

const read = async () => (await get<LoadTest>('lt', 'lab', NAMESPACE)) as LoadTest;

/** One change of the number of consumers, and the rebalance (or rebalances) that it made told with all its pauses. */
async function change(replicas: number): Promise<void> {
  const before = (await read()).status?.rebalances?.count ?? 0;
  await kubectl(['scale', 'loadtest/lab', '-n', NAMESPACE, `--replicas=${replicas}`]);
  await untilLoadTest(
    NAMESPACE,
    'lab',
    `${replicas} consumers have settled`,
    ({ status }) =>
      status?.consumers?.members.length === replicas &&
      status.rebalances?.settled === true &&
      status.rebalances.count > before &&
      status.rebalances.recent.every(({ pending }) => pending === undefined),
    PATIENCE_MS,
  );
}

const summary = (values: number[]) => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (q: number) =>
    Math.round((sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN) * 10) / 10;
  return { n: values.length, p50: at(0.5), p95: at(0.95), max: at(1) };
};

async function judge(config: Record<string, string>): Promise<Record<string, unknown>> {
  await makeNamespace(NAMESPACE);
  const lab = loadTest({
    topic: { name: 'bench', partitions: PARTITIONS, replicas: 2 },
    producers: { replicas: 1, messagesPerSecond: 150 },
    consumers: {
      group: 'bench',
      processing: { perRecord: '2ms' },
      config: { 'auto.offset.reset': 'earliest', ...config },
    },
  });
  await applyIn(NAMESPACE, {
    ...lab,
    metadata: { ...lab.metadata, annotations: { 'kafkalab.dev/record-log': 'true' } },
  });
  const followers = new Followers();
  const following = followers.follow();
  await untilLoadTest(
    NAMESPACE,
    'lab',
    'consumes',
    ({ status }) => (status?.delivery?.consumed ?? 0) > 500 && status?.rebalances?.settled === true,
    PATIENCE_MS,
  );
  for (let round = 0; round < ROUNDS; round++) for (const replicas of CHANGES) await change(replicas);
  const { rebalances, delivery } = (await read()).status ?? {};
  const newest = Math.max(...(rebalances?.recent ?? []).map(({ settledAt }) => Date.parse(settledAt)));
  await eventually('the logs are read', () =>
    [...Array(PARTITIONS).keys()].every((partition) =>
      followers.records.some((record) => record.partition === partition && record.beganAt > newest + 1_000),
    ),
  );
  followers.end();
  await following;

  const errors: number[] = [];
  const pauses: number[] = [];
  const beyondBound: unknown[] = [];
  // The first one has no record before it.
  for (const { number, at, settledAt, pauses: told } of (rebalances?.recent ?? []).slice(1)) {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const truth = longestPause(followers.records, partition, Date.parse(at), Date.parse(settledAt));
      const said = told.find((pause) => pause.partition === partition)?.ms ?? 0;
      errors.push(Math.abs(said - truth));
      pauses.push(truth);
      if (Math.abs(said - truth) > 20) beyondBound.push({ number, partition, said, truth: Math.round(truth) });
    }
  }
  await removeNamespace(NAMESPACE);
  return {
    rebalances: (rebalances?.recent.length ?? 1) - 1,
    protocols: [...new Set(rebalances?.recent.map(({ protocol }) => protocol))],
    recordsLogged: followers.records.length,
    consumed: delivery?.consumed,
    pauseMs: summary(pauses),
    errorMs: summary(errors),
    aimErrorMs: 20,
    beyondBound,
  };
}

export async function accuracy(): Promise<Record<string, unknown>> {
  const figures: Record<string, unknown> = {};
  for (const [name, config] of Object.entries(PROTOCOLS)) {
    figures[name] = await judge(config);
    console.log(JSON.stringify({ protocol: name, ...(figures[name] as object) }));
  }
  return figures;
}
