import { expect, test } from '@jest/globals';
import { until } from '../../../test/support/until.ts';
import type { Fact, Produced } from '../../domain/evidence/facts.ts';
import { ClientRefusal, type ProducerClient, type ProducerEvents } from '../clients/port.ts';
import { now } from '../process/time.ts';
import { createProducer } from './producer.ts';

const LOG = { info() {}, warn() {}, error() {} };

/** A producer with a share of messages, sent as fast as its client takes them. Deliveries are up to the test. */
function producerWith(share: number, settledBefore: number, send: (sent: number) => boolean = () => true) {
  const facts: Fact[] = [];
  const sent: { value: string; token: number }[] = [];
  let events: ProducerEvents | undefined;
  const client: ProducerClient = {
    connect: async () => {},
    send(value, _key, token) {
      if (!send(sent.length)) return false;
      sent.push({ value: value.toString(), token });
      return true;
    },
    flush: async () => true,
    close: async () => {},
  };
  const producer = createProducer({
    name: 'p-0',
    work: { role: 'Producer', record: { value: 'Json', key: { mode: 'None' } }, partitioner: { mode: 'Default' } },
    share,
    settledBefore,
    makeClient(given) {
      events = given;
      return client;
    },
    report: (some) => facts.push(...some),
    now,
    random: Math.random,
    log: LOG,
  });
  const deliver = (token: number, error?: string) =>
    events?.delivered({ token, bytes: 9, partition: 0, offset: 0, ...(error !== undefined && { error }) });
  const produced = () => facts.filter((fact): fact is Produced => fact.type === 'Produced');
  return { producer, sent, deliver, facts, produced };
}

test('it continues its share after a restart, and reports the totals once all messages are settled', async () => {
  const { producer, sent, deliver, produced } = producerWith(5, 2);
  await producer.start();
  expect(sent.map(({ value }) => value)).toEqual(['{"cnt":2}', '{"cnt":3}', '{"cnt":4}']);
  expect(producer.ready()).toBe(false);
  const [first, second, third] = sent;
  deliver(first?.token ?? 0);
  expect(producer.ready()).toBe(true);
  deliver(second?.token ?? 0, 'MSG_TIMED_OUT');
  expect(produced()).toEqual([]);
  deliver(third?.token ?? 0);
  expect(produced()).toMatchObject([
    { attempted: 3, acknowledged: 2, failed: 1, bytes: 18, done: true, errors: { MSG_TIMED_OUT: 1 } },
  ]);
  expect(produced()[0]?.partitions).toEqual([[0, 2]]);
  expect(producer.settled()).toBe(5);
});

test('a client without messages reports once that it is done', async () => {
  const { producer, sent } = producerWith(2, 2);
  await producer.start();
  expect(sent).toEqual([]);
  expect(producer.ready()).toBe(true);
  expect(producer.takeFacts()).toMatchObject([{ type: 'Produced', attempted: 0, done: true }]);
  expect(producer.takeFacts()).toEqual([]);
});

test('with a full buffer it resumes when a quarter of the records in flight is delivered', async () => {
  const room = { left: 8 };
  const { producer, sent, deliver } = producerWith(12, 0, () => room.left-- > 0);
  await producer.start();
  expect(sent).toHaveLength(8);
  room.left = 8;
  deliver(sent[0]?.token ?? 0);
  await new Promise(setImmediate);
  expect(sent).toHaveLength(8);
  deliver(sent[1]?.token ?? 0);
  await until('the rest is sent', () => sent.length === 12);
});

test('a record that the client refuses is a failure, and the next one is sent', async () => {
  const { producer, sent, produced, facts } = producerWith(2, 0, (count) => {
    if (count === 0 && producer.totals().attempted === 0) throw new ClientRefusal('MSG_SIZE_TOO_LARGE', 'too large');
    return true;
  });
  await producer.start();
  expect(sent.map(({ value }) => value)).toEqual(['{"cnt":1}']);
  expect(facts).toMatchObject([{ type: 'ClientError', code: 'MSG_SIZE_TOO_LARGE' }]);
  expect(producer.totals()).toMatchObject({ attempted: 2, failed: 1 });
  expect(produced()).toEqual([]);
});

test('a stop reports its end, and whether records are still in flight', async () => {
  const { producer, sent, deliver, facts } = producerWith(1, 0);
  await producer.start();
  const stopped = producer.stop(1_000);
  deliver(sent[0]?.token ?? 0);
  expect(await stopped).toBe(true);
  expect(facts.map(({ type }) => type)).toEqual(['Stopping', 'Produced', 'Stopped']);
});

test('a producer whose every record is refused pauses longer and longer, until a record is acknowledged', async () => {
  const { producer, sent, deliver } = producerWith(Number.POSITIVE_INFINITY, 0);
  const from = now();
  let refused = 0;
  const refuseAll = setInterval(() => {
    for (const { token } of sent.slice(refused)) deliver(token, 'INVALID_RECORD');
    refused = sent.length;
  }, 1);
  await producer.start();
  await until('1.5 s of refusals', () => now() - from > 1_500);
  clearInterval(refuseAll);
  // Without a pause a thousand turns of 200 records fit into this time. With 10, 20, 40, … ms there are at most 8 pauses.
  expect(sent.length).toBeLessThan(200 * 60);
  const before = sent.length;
  deliver(sent.at(-1)?.token ?? 0);
  await until('more records', () => sent.length > before);
  await producer.stop(0);
});
