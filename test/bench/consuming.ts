/**
 * A process of `evidence.ts`: consumes MESSAGES records as fast as possible and prints one JSON line. MODE=worker: the whole
 * worker. MODE=client: only the client library in a loop that counts records and stores their offsets.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { librdkafkaConsumer } from '../../src/worker/clients/librdkafka/consumer.ts';
import { librdkafkaProducer } from '../../src/worker/clients/librdkafka/producer.ts';
import { openJournal } from '../../src/worker/evidence/journal.ts';
import { now } from '../../src/worker/process/time.ts';
import { createWorker } from '../../src/worker/worker.ts';

const { MODE = '', BOOTSTRAP_SERVERS: bootstrapServers = '', TOPIC: topic = '', GROUP: group = '' } = process.env;
const messages = Number(process.env.MESSAGES);
const maxPollRecords = 500;
const config = { 'auto.offset.reset': 'earliest' };
/** The period of progress checks, which is also the largest error of the measured time. */
const CHECK_EVERY_MS = 5;

/** Like the emptyDir of a pod. The journal is part of the costs of evidence. */
const state = mkdtempSync(join(tmpdir(), 'kafka-lab-bench-'));

let firstAt: number | undefined;
/** Records progress. True: all records have been consumed. */
function reached(count: number): boolean {
  if (count > 0) firstAt ??= performance.now();
  return count >= messages;
}
function printResult(more: object): void {
  const seconds = (performance.now() - (firstAt ?? Number.NaN)) / 1000;
  rmSync(state, { recursive: true });
  console.log(JSON.stringify({ seconds, ...more }));
  process.exit(0);
}

if (MODE === 'worker') {
  const evidence = { reports: 0, bytes: 0 };
  const instance = `${group}/1`;
  const worker = createWorker({
    spec: {
      run: group,
      loadTest: 'bench/consuming',
      bootstrapServers,
      topic,
      evidence: { topic: 'evidence', partition: 0 },
      clientsPerPod: 1,
      config,
      work: { role: 'Consumer', group, perRecordMs: 0, commit: { mode: 'Auto' }, maxPollRecords },
    },
    podName: group,
    podIndex: 0,
    host: 'bench',
    instance,
    library: {
      evidence(settings, events) {
        const partitioner = { mode: 'Explicit', partition: settings.partition } as const;
        const client = librdkafkaProducer({ ...settings, bootstrapServers, partitioner }, events);
        const { send } = client;
        client.send = (value, key, token) => {
          evidence.reports += 1;
          evidence.bytes += value.length;
          return send(value, key, token);
        };
        return client;
      },
      producer: () => {
        throw new Error('a consumer');
      },
      consumer: (settings, events) => librdkafkaConsumer({ ...settings, bootstrapServers }, events),
      connectionProperties: () => ({}),
    },
    checkpoint: { settledOf: () => 0, write: () => {} },
    journal: openJournal({
      folder: state,
      run: group,
      instance,
      clients: [group],
      now,
      failed: (why) => {
        throw new Error(why);
      },
    }),
    now,
    random: Math.random,
    log: { info: () => {}, warn: console.error, error: console.error },
    failed: (why) => {
      throw new Error(why);
    },
  });
  await worker.start();
  setInterval(() => {
    const processed = worker.metrics().find(({ name }) => name === 'kafkalab_worker_records_processed_total');
    if (reached(processed?.value ?? 0)) printResult(evidence);
  }, CHECK_EVERY_MS);
} else {
  const client = librdkafkaConsumer(
    { bootstrapServers, topic, name: group, config, group, autoCommit: true, explained: false },
    {
      assigned: () => {},
      revoked: async () => {},
      trouble: ({ message }) => {
        throw new Error(message);
      },
    },
  );
  await client.connect();
  let count = 0;
  while (!reached(count)) {
    const records = await client.poll(maxPollRecords, 100);
    count += records.length;
    const next = new Map<number, number>();
    for (const { partition, offset } of records) next.set(partition, offset + 1);
    if (next.size > 0) client.store([...next].map(([partition, offset]) => ({ partition, offset })));
  }
  printResult({});
}
