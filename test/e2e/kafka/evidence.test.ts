/** The reader and the writer of the evidence topic, against a real broker. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Admin } from '@platformatic/kafka';
import { EvidenceReader } from '../../../src/adapters/kafka/evidence/reader.ts';
import { EvidenceWriter, evidenceProducer } from '../../../src/adapters/kafka/evidence/writer.ts';
import type { EvidenceNeed } from '../../../src/contract/needs.ts';
import type { Fact } from '../../../src/domain/evidence/facts.ts';
import { adminTopics } from '../../support/adminTopics.ts';
import { type Broker, freePort, startBroker } from '../../support/broker.ts';
import { until } from '../../support/until.ts';

const TOPIC = 'evidence';
const PATIENCE_MS = 120_000;
const warnings: { message: string; fields: Record<string, unknown> | undefined }[] = [];
const log = { warn: (message: string, fields?: Record<string, unknown>) => void warnings.push({ message, fields }) };

let broker: Broker;
let admin: Admin;
let topics: ReturnType<typeof adminTopics>;
let writer: EvidenceWriter;
const readers: EvidenceReader[] = [];

const newTopic = (name: string) => topics.create(name, 1, 1, { 'message.timestamp.type': 'LogAppendTime' });

beforeAll(async () => {
  broker = await startBroker();
  admin = new Admin({ clientId: 'evidence-test', bootstrapBrokers: [broker.bootstrapServers], retries: 1 });
  admin.on('error', () => {});
  topics = adminTopics([broker.bootstrapServers]);
  writer = new EvidenceWriter(broker.bootstrapServers, log);
  await until('the topic is created', () => newTopic(TOPIC).then(() => true), PATIENCE_MS, 200);
});

afterEach(async () => {
  await Promise.all(readers.splice(0).map((reader) => reader.end()));
});

afterAll(async () => {
  await writer?.close();
  await topics?.close();
  await admin?.close();
  await broker?.stop();
});

function newReader({ topic = TOPIC, servers = broker.bootstrapServers } = {}) {
  const changed: string[] = [];
  const reader = new EvidenceReader(servers, topic, (run) => changed.push(run), log);
  readers.push(reader);
  return { reader, changed };
}

const need = (run: string, offset = 0, topic = TOPIC): EvidenceNeed => ({ run, topic, partition: 0, offset });

/** Producers scaled to `to`, and one record processed: the figures show this number, and count the reports as records. */
const factsOf = (to: number): Fact[] => {
  const at = Date.now();
  const work = { partition: 0, records: 1, bytes: 1, firstBeganAt: at, firstWaitedMs: 0, lastEndedAt: at };
  return [
    { type: 'Scaled', at, what: 'Producers', from: 0, to },
    { type: 'Consumed', client: 'c', at, partitions: [{ ...work, ranges: [[to, to + 1]] }] },
  ];
};

const append = async (run: string, numbers: number[], topic = TOPIC) => {
  for (const to of numbers) await writer.append(run, topic, 0, factsOf(to));
};

/** Waits until the figures of the run show the number. */
const shows = (reader: EvidenceReader, of: EvidenceNeed, to: number) =>
  until(
    `run ${of.run} shows ${to}`,
    () => {
      const figures = reader.open(of, Date.now());
      if (!('known' in figures)) throw new Error(figures.unavailable);
      if (figures.known.scaledTo.Producers !== to) throw new Error(`shows ${figures.known.scaledTo.Producers}`);
      return figures.known;
    },
    PATIENCE_MS,
  );

/** Appends to the run. Answers the end of the topic before. */
const appended = async (run: string, numbers: number[]) => {
  const end = await endOf(TOPIC);
  await append(run, numbers);
  return end;
};

const readTo = (reader: EvidenceReader, run: string): number => {
  const figures = reader.open(need(run), Date.now());
  return 'known' in figures ? figures.known.readTo : 0;
};

const endOf = async (topic: string) => {
  const [found] = await admin.listOffsets({
    topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1n }] }],
  });
  return Number(found?.partitions[0]?.offset);
};

test('appended facts are in the figures, and news of the run are notified', async () => {
  const { reader, changed } = newReader();
  await append('written', [1, 2, 3]);
  const figures = await shows(reader, need('written'), 3);
  expect(figures.consumers.consumed).toBe(3);
  changed.length = 0;
  await append('written', [4]);
  await until('a notification', () => changed.includes('written'), PATIENCE_MS);
  await shows(reader, need('written'), 4);
});

test('two readers of the same evidence have the same figures', async () => {
  await append('twice', [1, 2]);
  const at = Date.now();
  const [one, two] = [newReader().reader, newReader().reader];
  await shows(one, need('twice'), 2);
  await shows(two, need('twice'), 2);
  expect(two.open(need('twice'), at)).toEqual(one.open(need('twice'), at));
});

test('several runs in one partition each have their own figures', async () => {
  const { reader } = newReader();
  for (const to of [1, 2, 3]) for (const run of ['a', 'b', 'c']) await append(run, [to * 10 + run.charCodeAt(0)]);
  for (const run of ['a', 'b', 'c']) {
    const figures = await shows(reader, need(run), 30 + run.charCodeAt(0));
    expect(figures.consumers.consumed).toBe(3);
  }
});

test('a run that began earlier is read from its beginning, and the other is not folded twice', async () => {
  const { reader } = newReader();
  const older = need('older', await endOf(TOPIC));
  await append('older', [1, 2]);
  const newer = need('newer', await endOf(TOPIC));
  await append('newer', [1, 2, 3]);
  await shows(reader, newer, 3);
  const first = await shows(reader, older, 2); // the position is past its reports
  expect(first.consumers.consumed).toBe(2);
  await append('newer', [4]);
  await append('older', [3]);
  expect((await shows(reader, newer, 4)).consumers.consumed).toBe(4);
  expect((await shows(reader, older, 3)).consumers.consumed).toBe(3);
});

test('a closed run is no longer read, and is read from its beginning when it is opened again', async () => {
  const { reader, changed } = newReader();
  const of = need('closed', await endOf(TOPIC));
  await append('closed', [1]);
  await shows(reader, of, 1);
  reader.close('closed');
  changed.length = 0;
  await append('closed', [2]);
  const figures = await shows(reader, of, 2);
  expect(figures.consumers.consumed).toBe(2);
});

test('a value that is no report changes nothing but is logged', async () => {
  const { reader } = newReader();
  await append('odd', [1]);
  await append('odd', [2]);
  const figures = await shows(reader, need('odd'), 2);
  warnings.length = 0;
  const raw = writer as unknown as {
    append(run: string, topic: string, partition: number, facts: unknown): Promise<void>;
  };
  await raw.append('odd', TOPIC, 0, 'no facts');
  await append('odd', [3]);
  expect((await shows(reader, need('odd'), 3)).consumers.consumed).toBe(figures.consumers.consumed + 1);
  expect(warnings).toEqual([
    expect.objectContaining({ fields: { topic: TOPIC, partition: 0, offset: expect.any(Number), run: 'odd' } }),
  ]);
});

test('after retention has deleted the beginning, the figures are of what remains', async () => {
  const topic = 'retention';
  await newTopic(topic);
  await append('kept', [1, 2, 3, 4], topic);
  await admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: 2n }] }] });
  const { reader } = newReader({ topic });
  const figures = await shows(reader, need('kept', 0, topic), 4);
  expect(figures.consumers.consumed).toBe(2);
  expect(figures.missing).toEqual({ deleted: { from: 0, to: 2 } });
  // A run that began later lacks nothing.
  const { reader: later } = newReader({ topic });
  expect((await shows(later, need('kept', 2, topic), 4)).missing).toBeUndefined();
});

test('a recreated topic is read from its beginning, and the figures so far stay', async () => {
  const topic = 'recreated';
  await newTopic(topic);
  const { reader } = newReader({ topic });
  await append('again', [1, 2, 3, 4, 5], topic);
  expect((await shows(reader, need('again', 0, topic), 5)).consumers.consumed).toBe(5);
  await topics.remove(topic);
  await until('the topic is gone', async () => (await topics.describe(topic)) === null, PATIENCE_MS);
  await until('the topic is created again', () => newTopic(topic).then(() => true), PATIENCE_MS, 200);
  await until('a report is taken', () => append('again', [6], topic).then(() => true), PATIENCE_MS);
  expect((await shows(reader, need('again', 0, topic), 6)).missing).toMatchObject({ recreated: true });

  // A restarted operator has the offset of the old topic in its status.
  const { reader: restarted } = newReader({ topic });
  expect((await shows(restarted, need('again', 4, topic), 6)).missing).toEqual({ recreated: true });
});

test('a run that is opened while another is read in its partition has its earlier reports too', async () => {
  const { reader } = newReader();
  const of = need('second', await endOf(TOPIC));
  await append('second', [1, 2, 3]);
  await append('first', [1]);
  await shows(reader, need('first'), 1);
  reader.open(of, Date.now()); // its end is being asked for
  await append('second', [4]);
  const figures = await shows(reader, of, 4);
  expect(figures.consumers.consumed).toBe(4);
  expect(figures.missing).toBeUndefined();
  expect(figures.readTo).toBe(await endOf(TOPIC));
});

test('runs that are opened while a batch of later reports is on its way lack nothing', async () => {
  const { reader } = newReader();
  await shows(reader, need('stream', await appended('stream', [1])), 1);
  let streaming = true;
  const stream = (async () => {
    for (let to = 2; streaming; to++) await append('stream', [to]);
  })();
  const opened = [...Array(20).keys()].map((n) => `opened-${n}`);
  try {
    for (const run of opened) {
      const of = need(run, await appended(run, [1, 2]));
      // The stream is read beyond the run's reports before the run is opened.
      const end = await endOf(TOPIC);
      await until('the stream', () => readTo(reader, 'stream') >= end, PATIENCE_MS);
      const figures = await shows(reader, of, 2);
      expect(figures.consumers.consumed).toBe(2);
      expect(figures.missing).toBeUndefined();
    }
  } finally {
    streaming = false;
    await stream;
  }
});

test('after a fatal error another producer delivers', async () => {
  const producers: ReturnType<typeof evidenceProducer>[] = [];
  const healing = new EvidenceWriter(broker.bootstrapServers, log, Date.now, () => {
    const producer = evidenceProducer(broker.bootstrapServers);
    producers.push(producer);
    return producer;
  });
  await healing.append('healed', TOPIC, 0, factsOf(1));
  producers[0]?.emit('event.error', new Error('Local: Fatal error') as never);
  await healing.append('healed', TOPIC, 0, factsOf(2));
  expect(producers).toHaveLength(2);
  producers[1]?.emit('event.error', new Error('Local: All broker connections are down') as never);
  await healing.append('healed', TOPIC, 0, factsOf(3));
  expect(producers).toHaveLength(2);
  await shows(newReader().reader, need('healed'), 3);
  await healing.close();
});

test('a Kafka that is away at first is read once it answers', async () => {
  const port = await freePort();
  const { reader } = newReader({ servers: `127.0.0.1:${port}` });
  const away = await until(
    'the failure is reported',
    () => {
      const opened = reader.open(need('late'), Date.now());
      return 'unavailable' in opened && opened.unavailable;
    },
    PATIENCE_MS,
  );
  expect(away).toMatch(/^evidence: /);
  const early = new EvidenceWriter(`127.0.0.1:${port}`, log);
  await expect(early.append('late', TOPIC, 0, factsOf(1))).rejects.toMatchObject({ reason: 'Unreachable' });

  const late = await startBroker({ port });
  try {
    const created = adminTopics([late.bootstrapServers]);
    await until('the topic is created', () => created.create(TOPIC, 1, 1, {}).then(() => true), PATIENCE_MS, 200);
    await until('a report is taken', () => early.append('late', TOPIC, 0, factsOf(7)).then(() => true), PATIENCE_MS);
    await shows(reader, need('late'), 7);
    await created.close();
  } finally {
    await reader.end();
    await early.close();
    await late.stop();
  }
});
