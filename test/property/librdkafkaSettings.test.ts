/**
 * librdkafka itself refuses some pairs of settings when a client starts. Settings that are accepted here start, and those that
 * the rules refuse are none that librdkafka alone would have to refuse.
 */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Role, SETTINGS } from '../../src/api/settings/kafka.ts';
import { toLibrdkafka } from '../../src/domain/settings/librdkafka.ts';
import { codes, KafkaConsumer, Producer } from '../../src/worker/clients/librdkafka/binding.ts';

/** Nobody listens there. */
const NOWHERE = '127.0.0.1:1';

/** Settings of whose pairs librdkafka refuses some, with values at which it does. */
const PAIRED: Readonly<Record<Role, Readonly<Record<string, readonly string[]>>>> = {
  Producer: {
    acks: ['0', '1', 'all'],
    'enable.idempotence': ['true', 'false'],
    'max.in.flight.requests.per.connection': ['1', '5', '6'],
    retries: ['0', '1'],
    'linger.ms': ['0', '5', '900000'],
    'delivery.timeout.ms': ['1', '30005', '900000'],
    'request.timeout.ms': ['10', '30000', '300000'],
    'batch.size': ['1', '2147483647'],
    'max.request.size': ['1000', '1000000000'],
    'buffer.memory': ['1024', '2147483647000'],
    'reconnect.backoff.ms': ['0', '50', '3600000'],
    'reconnect.backoff.max.ms': ['0', '1000', '3600000'],
    'retry.backoff.ms': ['1', '300000'],
    'retry.backoff.max.ms': ['1', '300000'],
  },
  Consumer: {
    'group.protocol': ['classic', 'consumer'],
    'group.remote.assignor': ['uniform'],
    'partition.assignment.strategy': ['range', 'cooperative-sticky'],
    'session.timeout.ms': ['1', '6000', '3600000'],
    'heartbeat.interval.ms': ['1', '3000', '3600000'],
    'max.poll.interval.ms': ['1', '6000', '86400000'],
    'fetch.max.bytes': ['1000', '999999', '1000000', '2147483135'],
    'max.partition.fetch.bytes': ['1', '1000000000'],
    'fetch.min.bytes': ['1', '100000000'],
    'fetch.max.wait.ms': ['0', '300000'],
    'request.timeout.ms': ['10', '300000'],
    'reconnect.backoff.ms': ['0', '50', '3600000'],
    'reconnect.backoff.max.ms': ['0', '1000', '3600000'],
  },
};

const configOf = (role: Role) =>
  fc
    .subarray(Object.entries(PAIRED[role]), { maxLength: 6 })
    .chain((some) =>
      fc.tuple(...some.map(([name, values]) => fc.constantFrom(...values).map((value) => [name, value]))),
    )
    .map((entries): Record<string, string> => Object.fromEntries(entries as [string, string][]));

/** What librdkafka has against these properties. undefined: nothing. */
async function refusal(role: Role, properties: Record<string, string>): Promise<string | undefined> {
  const config = { ...properties, 'bootstrap.servers': NOWHERE, log_level: '0' };
  try {
    const client = (
      role === 'Producer' ? new Producer(config as never) : new KafkaConsumer({ ...config, 'group.id': 'g' } as never)
    ) as InstanceType<typeof Producer>;
    client.on('event.error', () => {});
    const error = await new Promise<{ code: number; message: string } | null>((resolve) => {
      client.connect({ timeout: 1 }, ((failed: never) => resolve(failed)) as never);
    });
    const away = [codes.ERR__TRANSPORT, codes.ERR__TIMED_OUT, codes.ERR__ALL_BROKERS_DOWN];
    return error === null || away.includes(error.code) ? undefined : error.message;
  } catch (error) {
    return String(error);
  }
}

test.each<Role>(['Producer', 'Consumer'])(
  'librdkafka starts a %s with any settings that are accepted',
  async (role) => {
    expect(Object.keys(PAIRED[role]).filter((name) => SETTINGS[role][name] === undefined)).toEqual([]);
    let started = 0;
    await fc.assert(
      fc.asyncProperty(configOf(role), async (config) => {
        const translated = toLibrdkafka(role, config);
        if ('refused' in translated) return;
        started++;
        expect(await refusal(role, translated.config)).toBeUndefined();
      }),
      { numRuns: 60 },
    );
    expect(started).toBeGreaterThan(10);
  },
);

// biome-ignore format: one pair a line
test.each<[Role, Record<string, string>]>([
  ['Producer', { 'enable.idempotence': 'true', acks: '1' }],
  ['Producer', { 'enable.idempotence': 'true', 'max.in.flight.requests.per.connection': '6' }],
  ['Producer', { 'enable.idempotence': 'true', retries: '0' }],
  ['Producer', { 'linger.ms': '5000', 'delivery.timeout.ms': '5000' }],
  ['Producer', { 'reconnect.backoff.ms': '5000', 'reconnect.backoff.max.ms': '1000' }],
  ['Consumer', { 'max.poll.interval.ms': '6000', 'session.timeout.ms': '6001' }],
  ['Consumer', { 'group.protocol': 'consumer', 'session.timeout.ms': '6000' }],
  ['Consumer', { 'group.protocol': 'consumer', 'heartbeat.interval.ms': '3000' }],
  ['Consumer', { 'group.protocol': 'consumer', 'partition.assignment.strategy': 'range' }],
])('a %s with %j, which librdkafka would refuse, is refused before', async (role, config) => {
  const names: Record<string, string> = { 'delivery.timeout.ms': 'message.timeout.ms' };
  const properties = Object.fromEntries(Object.entries(config).map(([name, value]) => [names[name] ?? name, value]));
  expect(await refusal(role, properties)).toMatch(/must be|is not supported|requires/);
  expect(toLibrdkafka(role, config)).toHaveProperty('refused');
});
