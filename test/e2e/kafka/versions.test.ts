/** Other versions of Kafka than the local cluster's: the operator's adapters and worker processes, with a broker of each. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { act } from '../../../src/adapters/kafka/admin/actions.ts';
import { KafkaConnection } from '../../../src/adapters/kafka/admin/connection.ts';
import { EvidenceWriter } from '../../../src/adapters/kafka/evidence/writer.ts';
import { EVIDENCE_TOPIC, type Fact } from '../../../src/domain/evidence/facts.ts';
import type { RunView } from '../../../src/domain/figures/figures.ts';
import { nextLagSample, scaled } from '../../../src/domain/fold/operatorFacts.ts';
import type { RunFigures } from '../../../src/domain/fold/runFigures.ts';
import { toLibrdkafka } from '../../../src/domain/settings/librdkafka.ts';
import { POD_NAME_ENV, WORKER_SPEC_ENV } from '../../../src/domain/workers/environment.ts';
import type { WorkerSpec } from '../../../src/domain/workers/spec.ts';
import { refusalOf } from '../../../src/kinds/loadtest/clientErrors/refusal.ts';
import { loadTest } from '../../support/seen.ts';
import { until } from '../../support/until.ts';
import { startWorkersBroker, WORKER, type WorkersBroker } from '../../support/workers.ts';

/** The oldest and the newest version that the README names. The other tests run with the local cluster's version. */
const VERSIONS = [
  { version: '3.9.2', protocols: ['classic'] },
  { version: '4.4.0', protocols: ['classic', 'consumer'] },
];
const PROTOCOL_NAMES: Record<string, string> = { classic: 'Eager', consumer: 'Consumer' };
const PATIENCE_MS = 120_000;
/** One consumer is slower than the two producers, and two are faster: a partition that changes owner has waiting records. */
const PER_RECORD_MS = 10;

const sum = (numbers: number[]) => numbers.reduce((total, one) => total + one, 0);
const shares = ({ consumers }: RunView) => consumers.members.map(({ partitions }) => partitions.length);
const owned = ({ consumers }: RunView) => consumers.members.flatMap(({ partitions }) => partitions).sort();

describe.each(VERSIONS)('Kafka $version', ({ version, protocols }) => {
  let kafka: WorkersBroker;
  let connection: KafkaConnection;
  let writer: EvidenceWriter;
  const running: ChildProcess[] = [];

  beforeAll(async () => {
    kafka = await startWorkersBroker({ version });
    connection = new KafkaConnection(kafka.bootstrapServers);
    writer = new EvidenceWriter(kafka.bootstrapServers, console);
  });
  afterEach(async () => {
    const ended = running.splice(0).map(async (child) => {
      if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await once(child, 'close');
    });
    await Promise.all(ended);
  });
  afterAll(async () => {
    await Promise.all([connection?.close(), writer?.close()]);
    await kafka?.stop();
  });

  function start(run: string, name: string, part: Pick<WorkerSpec, 'config' | 'work'> & { clientsPerPod?: number }) {
    const about = { [WORKER_SPEC_ENV]: JSON.stringify(kafka.spec(run, part)), [POD_NAME_ENV]: name };
    const env = { ...process.env, ...about, KAFKALAB_PORT: '0' };
    const child = spawn(process.execPath, ['--no-warnings', WORKER], { env, stdio: 'ignore' });
    running.push(child);
    return {
      async end() {
        const closed = once(child, 'close');
        child.kill('SIGTERM');
        expect(await closed).toEqual([0, null]);
      },
    };
  }

  function startProducers(run: string, clients: number) {
    const settings = toLibrdkafka('Producer', { 'metadata.max.age.ms': '1000' });
    if ('refused' in settings) throw new Error(settings.refused.join());
    return start(run, 'producer', {
      config: settings.config,
      clientsPerPod: clients,
      work: {
        role: 'Producer',
        messagesPerSecond: 80,
        record: { value: 'Json', key: { mode: 'None' } },
        partitioner: { mode: 'RoundRobin' },
      },
    });
  }

  function startConsumer(run: string, name: string, protocol: string) {
    const ofClassic = { 'session.timeout.ms': '6000', 'heartbeat.interval.ms': '1000' };
    const settings = toLibrdkafka('Consumer', {
      'group.protocol': protocol,
      'auto.offset.reset': 'earliest',
      'auto.commit.interval.ms': '500',
      'metadata.max.age.ms': '1000',
      ...(protocol === 'classic' && ofClassic),
    });
    if ('refused' in settings) throw new Error(settings.refused.join());
    return start(run, name, {
      config: settings.config,
      work: { role: 'Consumer', group: run, perRecordMs: PER_RECORD_MS, commit: { mode: 'Auto' }, maxPollRecords: 500 },
    });
  }

  const snapshot = (run: string) => connection.view(run, run, 0);
  const report = (run: string, facts: Fact[]) => writer.append(run, EVIDENCE_TOPIC, 0, facts);

  /** The figures, once they hold. Until then the operator's part is done: a lag sample every second. */
  const when = (run: string, what: string, holds: (now: RunFigures) => boolean) =>
    until(
      `${run}: ${what}`,
      async () => {
        const view = await snapshot(run);
        const now = kafka.seen(run);
        if (now === undefined) return undefined;
        if (holds(now)) return now;
        const sample = nextLagSample({ known: view }, now, 'Earliest');
        if (sample !== undefined) await report(run, [sample]);
        const { consumers, delivery, lag, rebalances } = now;
        throw new Error(JSON.stringify({ members: consumers.members, delivery, lag: lag?.total, rebalances }));
      },
      PATIENCE_MS,
      100,
    );

  async function createTopic(run: string, partitions: number): Promise<string> {
    const created = await act(connection, { type: 'CreateTopic', topic: run, partitions, replicas: 1, config: {} });
    const topic = await until('Kafka has the topic', async () => (await snapshot(run)).topic, PATIENCE_MS, 100);
    expect(created).toEqual({ topicId: topic.id });
    expect(topic.partitions).toHaveLength(partitions);
    return topic.id;
  }

  test.each(protocols)(
    'group.protocol %s: a member joins, partitions are added, no record is skipped',
    async (protocol) => {
      const run = `core-${protocol}`;
      const topicId = await createTopic(run, 4);
      const producers = startProducers(run, 2);
      const first = startConsumer(run, 'c-0', protocol);
      await when(
        run,
        'one member has all partitions, and lag grows',
        (now) =>
          shares(now).join() === '4' &&
          now.rebalances.settled &&
          now.rebalances.count === 1 &&
          now.producers.producing === 2 &&
          (now.lag?.total ?? 0) > 100,
      );
      expect((await snapshot(run)).group).toMatchObject({ protocol, state: 'Stable', members: [{ clientId: 'c-0' }] });

      await report(run, scaled('Consumers', 1, 2, Date.now()));
      const second = startConsumer(run, 'c-1', protocol);
      const both = await when(
        run,
        'two members share the partitions, and all pauses are known',
        (now) =>
          shares(now).join() === '2,2' &&
          now.rebalances.settled &&
          now.rebalances.count > 1 &&
          now.rebalances.list.at(-1)?.pending.length === 0,
      );
      expect(owned(both)).toEqual([0, 1, 2, 3]);
      expect(both.rebalances.count).toBe(2);
      const rebalance = both.rebalances.list.at(-1);
      const moved = both.consumers.members.find(({ name }) => name === 'c-1')?.partitions;
      const kept = both.consumers.members.find(({ name }) => name === 'c-0')?.partitions;
      expect(rebalance).toMatchObject({
        trigger: 'ScaleUp',
        protocol: PROTOCOL_NAMES[protocol],
        source: 'Clients',
        membersBefore: 1,
        membersAfter: 2,
        partitionsMoved: 2,
        members: [
          { name: 'c-0', gained: [], lost: moved, kept },
          { name: 'c-1', gained: moved, lost: [], kept: [] },
        ],
      });
      expect(rebalance?.pauses.map(({ partition }) => partition)).toEqual(expect.arrayContaining(moved ?? []));
      expect(rebalance?.longestPauseMs).toBeGreaterThan(0);

      await act(connection, { type: 'AddPartitions', topic: run, partitions: 6 });
      await report(run, scaled('Partitions', 4, 6, Date.now()));
      const more = await when(
        run,
        'two members share six partitions, and the new ones have records',
        (now) =>
          shares(now).join() === '3,3' &&
          now.rebalances.settled &&
          [4, 5].every((added) => now.lag?.partitions.some((one) => one.partition === added && one.endOffset > 0)),
      );
      expect(owned(more)).toEqual([0, 1, 2, 3, 4, 5]);
      expect(more.rebalances.list.at(-1)?.trigger).toBe('PartitionsAdded');

      await producers.end();
      const produced = sum(((await snapshot(run)).topic?.partitions ?? []).map(({ endOffset }) => endOffset));
      const last = await when(
        run,
        'no lag',
        ({ lag, delivery }) =>
          lag?.total === 0 && delivery.produced >= produced && delivery.consumed - delivery.duplicated >= produced,
      );
      // A rebalance may overtake the last commit of a member. Kafka then delivers those records again.
      const { consumed, duplicated } = last.delivery;
      expect(consumed - duplicated).toBe(produced);
      expect(last.delivery).toMatchObject({ produced, skipped: 0, withoutRecord: 0, lostToRetention: 0 });
      expect(last.lag?.unknown).toBe(0);

      await Promise.all([first.end(), second.end()]);
      await until('the group is empty', async () => (await snapshot(run)).group?.state === 'Empty', PATIENCE_MS, 100);
      await act(connection, { type: 'DeleteGroup', group: run });
      await act(connection, { type: 'DeleteTopic', topic: run, topicId });
      await until(
        'Kafka has neither this topic nor the group',
        async () => {
          const { topic, group } = await snapshot(run);
          // This broker creates topics automatically, so the name may be in use again.
          if (topic?.id !== topicId && group === null) return true;
          throw new Error(JSON.stringify({ topic, group }));
        },
        PATIENCE_MS,
        100,
      );
    },
  );

  if (!protocols.includes('consumer')) {
    test('group.protocol consumer: the consumer reports that the brokers do not have it', async () => {
      const run = 'unsupported';
      await createTopic(run, 1);
      startConsumer(run, 'c-0', 'consumer');
      const figures = await when(run, 'an error is reported', ({ consumers }) => consumers.errors.length > 0);
      const asked = { replicas: 1, group: run, config: { 'group.protocol': 'consumer' } };
      const state = { ready: { producers: 0, consumers: 0 }, wanted: { producers: 0, consumers: 1 }, figures };
      expect(refusalOf(loadTest({ consumers: asked }), { unavailable: 'not asked' }, state, Date.now())).toMatchObject({
        reason: 'GroupProtocolUnsupported',
        forGood: true,
        sentence: expect.stringContaining('write group.protocol: classic in spec.consumers.config'),
      });
      expect((await snapshot(run)).group).toBeNull();
    });
  }
});
