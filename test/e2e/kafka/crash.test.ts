/** Consumer processes that are killed at random moments and restarted: their evidence, compared with their own logs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { toKafkajsConsumer } from '../../../src/domain/settings/kafkajs.ts';
import { toLibrdkafka } from '../../../src/domain/settings/librdkafka.ts';
import { RECORD_LOG_ENV, STATE_DIR_ENV, WORKER_SPEC_ENV } from '../../../src/domain/workers/environment.ts';
import type { CommitMode, WorkerSpec } from '../../../src/domain/workers/spec.ts';
import { STOP_PATH } from '../../../src/domain/workers/stopMode.ts';
import { freePort } from '../../support/broker.ts';
import { delivered, kill9, processedIn, seeded } from '../../support/bruteForce.ts';
import { until } from '../../support/until.ts';
import { startWorkersBroker, WORKER, type WorkersBroker } from '../../support/workers.ts';

const PARTITIONS = 3;
const PATIENCE_MS = 150_000;
const CONFIG = { 'auto.offset.reset': 'earliest', 'session.timeout.ms': '6000', 'heartbeat.interval.ms': '1000' };

let kafka: WorkersBroker;
let folder: string;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  kafka = await startWorkersBroker();
  folder = mkdtempSync(join(tmpdir(), 'kafka-lab-crash-'));
});
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});
afterAll(async () => {
  await kafka?.stop();
  rmSync(folder, { recursive: true });
});

/** A pod: a folder that stays, and one process after another. */
class Pod {
  readonly state: string;
  #child: ChildProcess | undefined;
  #port = 0;
  #log = '';
  readonly #name: string;
  readonly #spec: WorkerSpec;

  constructor(name: string, spec: WorkerSpec) {
    this.#name = name;
    this.#spec = spec;
    this.state = mkdtempSync(join(folder, `${name}-`));
  }

  /** The logs of all its processes. */
  get processed() {
    return processedIn(this.#log);
  }

  async start(): Promise<void> {
    const port = await freePort();
    this.#port = port;
    const env = {
      ...process.env,
      [WORKER_SPEC_ENV]: JSON.stringify(this.#spec),
      [STATE_DIR_ENV]: this.state,
      [RECORD_LOG_ENV]: '1',
      KAFKALAB_POD_NAME: this.#name,
      KAFKALAB_PORT: String(port),
    };
    const child = spawn(process.execPath, ['--no-warnings', WORKER], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    running.add(child);
    child.stdout.on('data', (text) => {
      this.#log += text;
    });
    child.once('close', () => running.delete(child));
    await until(
      `${this.#name} is ready`,
      async () => (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined))?.ok,
      PATIENCE_MS,
    );
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<[number | null, string | null]> {
    const child = this.#child as ChildProcess & { pid: number };
    const closed = once(child, 'close') as Promise<[number | null, string | null]>;
    if (signal === 'SIGKILL') await kill9(child.pid);
    else child.kill(signal);
    return closed;
  }

  /** Arms the worker for a kill, like the operator does before it deletes a pod. */
  async agreeToKill(): Promise<void> {
    const { ok } = await fetch(`http://127.0.0.1:${this.#port}${STOP_PATH}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#spec.run}` },
      body: '{"stop":"Kill"}',
    });
    expect(ok).toBe(true);
  }
}

interface Case {
  client: 'librdkafka' | 'kafkajs';
  commit: CommitMode;
  perRecordMs: number;
  clientsPerPod: number;
  /** The records that are in the topic from the beginning. */
  records: number;
}

function consumer(run: string, { client, commit, perRecordMs, clientsPerPod }: Case): WorkerSpec {
  const { 'auto.offset.reset': reset, ...times } = CONFIG;
  const auto = { 'auto.commit.interval.ms': '2000' };
  const settings =
    client === 'kafkajs'
      ? toKafkajsConsumer({ 'auto.offset.reset': reset, ...times, ...auto })
      : toLibrdkafka('Consumer', { ...CONFIG, ...auto, 'max.poll.records': '20' });
  if ('refused' in settings) throw new Error(settings.refused.join());
  const of = 'config' in settings ? { maxPollRecords: settings.maxPollRecords ?? 500 } : { kafkajs: settings };
  return kafka.spec(run, {
    clientsPerPod,
    config: 'config' in settings ? settings.config : {},
    work: { role: 'Consumer', group: run, perRecordMs, commit, maxPollRecords: 1_000_000, ...of },
  });
}

const CASES: Record<string, Case> = {
  auto: { client: 'librdkafka', commit: { mode: 'Auto' }, perRecordMs: 5, clientsPerPod: 1, records: 3_000 },
  every: {
    client: 'librdkafka',
    commit: { mode: 'Every', records: 10 },
    perRecordMs: 5,
    clientsPerPod: 2,
    records: 3_000,
  },
  'at-once': { client: 'librdkafka', commit: { mode: 'Never' }, perRecordMs: 0, clientsPerPod: 1, records: 3_000 },
  timers: { client: 'librdkafka', commit: { mode: 'Auto' }, perRecordMs: 0.7, clientsPerPod: 1, records: 15_000 },
  kafkajs: { client: 'kafkajs', commit: { mode: 'Auto' }, perRecordMs: 5, clientsPerPod: 1, records: 3_000 },
};

test.each(Object.keys(CASES))('%s: after kill -9 at random moments the evidence equals the logs', async (name) => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));
  console.log(`${name}: SEED=${seed}`);
  const random = seeded(seed);
  const of = CASES[name] as Case;
  await kafka.tool('TopicCommand', '--create', '--topic', name, '--partitions', String(PARTITIONS));
  await kafka.tool(
    'ProducerPerformance',
    ...['--topic', name, '--num-records', String(of.records), '--record-size', '100', '--throughput', '-1'],
  );
  const spec = consumer(name, of);
  const pods = [0, 1].map((n) => new Pod(`${name}-${n}`, spec));
  const all = () => pods.flatMap(({ processed }) => processed);
  const complete = () => {
    const { consumed, duplicated } = delivered(all());
    return consumed - duplicated === of.records;
  };
  await Promise.all(pods.map((pod) => pod.start()));
  for (let round = 0; round < 4; round++) {
    const pod = pods[Math.floor(random() * pods.length)] as Pod;
    // The kill comes after this number of further records, unless all records are processed before.
    const more = all().length + Math.floor(random() * 150);
    await until('more has been processed', () => all().length >= more || complete(), PATIENCE_MS);
    expect(await pod.end('SIGKILL')).toEqual([null, 'SIGKILL']);
    await pod.start();
  }
  await until('everything has been processed', complete, PATIENCE_MS);
  // One process ends like a pod that the operator kills, together with its journal. The other one stops gracefully.
  const [first, second] = pods as [Pod, Pod];
  await first.agreeToKill();
  expect(await first.end('SIGTERM')).toEqual([137, null]);
  expect(await second.end('SIGTERM')).toEqual([0, null]);
  expect(readdirSync(first.state)).toEqual([]);
  const truth = delivered(all());
  console.log(`${name}: ${JSON.stringify(truth)}`);
  expect(truth.skipped).toBe(0);
  const last = await until('the evidence is complete', () => {
    const now = kafka.seen(name);
    if (now !== undefined && now.delivery.consumed >= truth.consumed) return now;
    throw new Error(`reported so far: ${JSON.stringify(now?.delivery)}`);
  });
  expect(last.delivery).toEqual({ produced: 0, withoutRecord: 0, lostToRetention: 0, ...truth });
});
