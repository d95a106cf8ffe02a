/** Manifests with a mistake, and the message of the API server for each: what to write instead. */

export type Spec = Record<string, unknown>;

export interface Refused {
  /** The mistake. */
  wrong: string;
  kind: 'LoadTest' | 'ConsumerScale' | 'Lab';
  /** metadata.name, if the mistake is there. */
  name?: string;
  spec: Spec;
  /** The spec that is created first. The change to `spec` is refused. */
  before?: Spec;
  /** Parts of the message. */
  says: string[];
}

const topic = { name: 'orders', partitions: 3 };
const producers = { replicas: 2 };
const consumers = { replicas: 1, group: 'billing' };

type Part = Record<string, unknown>;
const load = (parts: Part): Spec => ({ topic, producers, consumers, ...parts });
const withTopic = (part: Part): Spec => load({ topic: { ...topic, ...part } });
const withProducers = (part: Part): Spec => load({ producers: { ...producers, ...part } });
const withConsumers = (part: Part): Spec => load({ consumers: { ...consumers, ...part } });
const producerConfig = (config: Part): Spec => withProducers({ config });
const consumerConfig = (config: Part): Spec => withConsumers({ config });

const scaleTargetRef = { apiVersion: 'kafkalab.dev/v1alpha1', kind: 'LoadTest', name: 'lag' };
const schedule = (...steps: Part[]): Spec => ({ scaleTargetRef, steps });
const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'app' };
const theirs = { group: 'theirs', topic: 'orders' };
const HOLD = { consumers: 1, hold: '60s' };

const loadTest = (wrong: string, spec: Spec, ...says: string[]): Refused => ({ wrong, kind: 'LoadTest', spec, says });
const scale = (wrong: string, spec: Spec, ...says: string[]): Refused => ({ wrong, kind: 'ConsumerScale', spec, says });
const lab = (wrong: string, spec: Spec, ...says: string[]): Refused => ({ wrong, kind: 'Lab', spec, says });
const change = (wrong: string, before: Spec, spec: Spec, ...says: string[]): Refused => ({
  wrong,
  kind: 'LoadTest',
  before,
  spec,
  says,
});

export const GOOD_LOAD_TEST: Spec = load({});
/** A LoadTest with a KafkaTopic. */
export const GOOD_LOAD_TEST_OF_STRIMZI: Spec = {
  ...withTopic({ management: 'Strimzi' }),
  kafka: { strimzi: { cluster: 'my-cluster', namespace: 'kafka', listener: 'plain' } },
};
export const GOOD_SCHEDULE: Spec = schedule(HOLD, { consumers: 'Partitions', until: { lagBelow: 10 } });
export const GOOD_SCHEDULE_OF_THEIRS: Spec = {
  scaleTargetRef: deployment,
  consumers: { ...theirs, kafka: { bootstrapServers: 'kafka:9092' } },
  steps: [HOLD],
};

const resource = {
  apiVersion: 'kafkalab.dev/v1alpha1',
  kind: 'LoadTest',
  metadata: { name: 'round' },
  spec: { topic, producers, consumers },
};
const applies = { name: 'begin', apply: { kind: 'LoadTest', name: 'round' } };
const script = (...steps: Part[]): Spec => ({ resources: [resource], steps: [applies, ...steps] });
const does = (part: Part): Spec => script({ name: 'then', ...part });
const expects = (part: Part): Spec => does({ observe: {}, expect: [part] });

export const GOOD_LAB: Spec = {
  title: 'A round',
  ...script(
    { name: 'two share', scale: { loadTest: 'round', consumers: 2 }, expect: [{ that: 'lag.total < 10' }] },
    {
      name: 'send ten',
      produce: { name: 'ten', loadTest: 'round', messages: 10, producers: { config: { acks: 'all' } } },
    },
    { name: 'a pause', wait: '5s' },
  ),
};

export const REFUSED: Refused[] = [
  // shape
  loadTest('nobody to run', { topic }, 'write producers: {replicas: 1} or consumers: {group: my-group} or both'),
  loadTest('no topic', { producers }, 'spec.topic: Required value'),
  loadTest('a topic without a name', load({ topic: {} }), 'spec.topic.name: Required value'),
  loadTest('consumers without a group', load({ consumers: {} }), 'spec.consumers.group: Required value'),
  loadTest('a misspelt field', withProducers({ replica: 3 }), 'unknown field "spec.producers.replica"'),
  loadTest('a number as text', withTopic({ partitions: '9' }), 'spec.topic.partitions', 'must be of type integer'),
  loadTest(
    'a number with its noun',
    withTopic({ partitions: '9 partitions' }),
    'spec.topic.partitions',
    'must be of type integer',
  ),
  loadTest(
    'a negative number of producers',
    withProducers({ replicas: -1 }),
    'spec.producers.replicas',
    'greater than or equal to 0',
  ),
  loadTest(
    'a negative number of consumers',
    withConsumers({ replicas: -3 }),
    'spec.consumers.replicas',
    'greater than or equal to 0',
  ),
  loadTest('no partitions', withTopic({ partitions: 0 }), 'spec.topic.partitions', 'greater than or equal to 1'),
  loadTest('half a producer', withProducers({ replicas: 1.5 }), 'spec.producers.replicas', 'must be of type integer'),
  loadTest(
    'an enum in small letters',
    withTopic({ management: 'auto' }),
    'supported values: "Auto", "Strimzi", "Admin", "Existing"',
  ),
  loadTest(
    'a commit mode of another world',
    withConsumers({ commit: { mode: 'Sync' } }),
    'supported values: "Auto", "Record", "Every", "Poll", "Never"',
  ),
  loadTest(
    'zero messages a second',
    withProducers({ messagesPerSecond: 0 }),
    'spec.producers.messagesPerSecond',
    'is too slow; write 0.001 or more, omit it to send as fast as possible',
  ),
  loadTest('a negative rate', withProducers({ messagesPerSecond: -1 }), 'write 0.001 or more'),
  // names
  {
    wrong: 'a name too long for its pods',
    kind: 'LoadTest',
    name: 'a-name-that-goes-on-and-on-and-on-and-on-and-on',
    spec: load({}),
    says: ['metadata.name has 47 characters; write at most 40'],
  },
  {
    wrong: 'a name that begins with a digit',
    kind: 'LoadTest',
    name: '01-lag',
    spec: load({}),
    says: ['metadata.name must start with a letter', 'write e.g. lag-1'],
  },
  loadTest(
    'a topic name with a space',
    withTopic({ name: 'my topic' }),
    'is not a topic name; write letters, digits, dots, underscores and hyphens',
  ),
  loadTest('a topic of Kafka itself', withTopic({ name: '__consumer_offsets' }), 'write the name of your own topic'),
  loadTest('the evidence topic', withTopic({ name: 'kafkalab-evidence' }), 'write the name of your own topic'),
  loadTest(
    'a group name with a space',
    withConsumers({ group: 'my group' }),
    'is not the name of a consumer group; write a name without spaces',
  ),
  loadTest(
    'an address without a port',
    load({ kafka: { bootstrapServers: 'my-cluster-kafka-bootstrap' } }),
    'write host:port',
  ),
  loadTest('a port beyond the last', load({ kafka: { bootstrapServers: 'a:65536' } }), 'a port from 1 to 65535'),
  loadTest(
    'an encrypted address',
    load({ kafka: { bootstrapServers: 'SSL://a:9093' } }),
    'of protocols only PLAINTEXT:// may stand before an address',
  ),
  loadTest(
    'an IPv6 address for kafkajs',
    load({ kafka: { bootstrapServers: '[::1]:9092' }, consumers: { ...consumers, client: 'kafkajs' } }),
    'client: kafkajs takes no IPv6 address in kafka.bootstrapServers; write a host name instead',
  ),
  loadTest('an address as a URL', load({ kafka: { bootstrapServers: 'http://localhost:9092' } }), 'write host:port'),
  loadTest(
    'a Kafka that is named twice',
    load({ kafka: { bootstrapServers: 'a:9092', strimzi: { cluster: 'my-cluster' } } }),
    'must name the Kafka cluster in exactly one way; write bootstrapServers: my-kafka:9092, or strimzi: {cluster: my-cluster}',
  ),
  loadTest('a Kafka without a name', load({ kafka: {} }), 'or omit kafka to use the cluster of the operator'),
  loadTest(
    'a Kafka resource without its name',
    load({ kafka: { strimzi: { namespace: 'kafka' } } }),
    'spec.kafka.strimzi.cluster: Required value',
  ),
  loadTest(
    'a Kafka resource with its namespace in the name',
    load({ kafka: { strimzi: { cluster: 'kafka/my-cluster' } } }),
    'is not the name of a Kafka resource; write at most 63 lower-case letters, digits and hyphens, e.g. my-cluster',
  ),
  loadTest(
    'a namespace in capitals',
    load({ kafka: { strimzi: { cluster: 'my-cluster', namespace: 'Kafka' } } }),
    'is not the name of a namespace',
  ),
  loadTest(
    'a listener by its port',
    load({ kafka: { strimzi: { cluster: 'my-cluster', listener: ':9092' } } }),
    'is not the name of a listener',
  ),
  loadTest(
    'a KafkaTopic for a Kafka that is known by its addresses only',
    { ...withTopic({ management: 'Strimzi' }), kafka: { bootstrapServers: 'a:9092' } },
    'topic.management: Strimzi needs the Kafka resource',
    'write kafka: {strimzi: {cluster: my-cluster}}, or management: Admin',
  ),
  loadTest(
    'partitions for a topic that is never changed',
    withTopic({ management: 'Existing', raiseExisting: true }),
    'topic.raiseExisting: true contradicts topic.management: Existing',
    'write management: Auto, or omit raiseExisting',
  ),
  scale(
    'a Kafka that is named twice',
    {
      scaleTargetRef: deployment,
      consumers: { ...theirs, kafka: { bootstrapServers: 'a:9092', strimzi: { cluster: 'my-cluster' } } },
      steps: [HOLD],
    },
    'must name the Kafka cluster in exactly one way',
  ),
  change(
    'another Kafka resource',
    load({ kafka: { strimzi: { cluster: 'my-cluster' } } }),
    load({ kafka: { strimzi: { cluster: 'other' } } }),
    'kafka is immutable',
  ),
  loadTest(
    'a topic setting in camel case',
    withTopic({ config: { retentionMs: '1000' } }),
    '"retentionMs" is not a topic setting of Kafka; write Kafka’s name, e.g. retention.ms',
  ),
  // durations
  loadTest('a duration without unit', load({ duration: '60' }), '"60" has no unit; write 60s or 60ms'),
  loadTest('a duration with a space', load({ duration: '5 m' }), '"5 m" is not a duration', '500ms, 60s, 5m, 1h30m'),
  loadTest('a duration in words', withConsumers({ processing: { perRecord: 'fast' } }), '"fast" is not a duration'),
  loadTest('a duration of zero', load({ duration: '0s' }), 'must be longer than zero; write e.g. 30s'),
  loadTest('a duration of a year', load({ duration: '8760h' }), 'write at most 168h'),
  loadTest('a duration without end', load({ duration: '99999999h' }), 'is not a duration'),
  // numbers that do not go together
  loadTest(
    'producers that fill no whole pods',
    withProducers({ replicas: 200, clientsPerPod: 30 }),
    'replicas: 200 is not a multiple of clientsPerPod: 30; write replicas: 180 or 210, or clientsPerPod: 1',
  ),
  loadTest(
    'fewer consumers than fit a pod',
    withConsumers({ replicas: 3, clientsPerPod: 5 }),
    'replicas: 3 is not a multiple of clientsPerPod: 5; write replicas: 5, or clientsPerPod: 1',
  ),
  loadTest(
    'fewer messages than producers',
    withProducers({ replicas: 20, messages: 10 }),
    'messages: 10 cannot be divided among replicas: 20; write messages: 20 or more, or replicas: 10 or fewer',
  ),
  loadTest(
    'messages that nobody sends',
    withProducers({ replicas: 0, messages: 10 }),
    'write replicas: 1 or more, or omit messages',
  ),
  loadTest(
    'consumers after producers that never end',
    withConsumers({ start: 'AfterProducers' }),
    'write producers.messages (how many to send), or start: Together',
  ),
  loadTest(
    'a lag threshold without consumers',
    { topic, producers, lagThreshold: 100 },
    'write consumers: {group: my-group}, or omit lagThreshold',
  ),
  loadTest('commit every … how many', withConsumers({ commit: { mode: 'Every' } }), 'write {mode: Every, records: 10}'),
  loadTest(
    'records that commit mode Auto does not count',
    withConsumers({ commit: { records: 10 } }),
    'write {mode: Every, records: 10}',
  ),
  loadTest(
    'fixed keys without values',
    withProducers({ record: { key: { mode: 'Fixed' } } }),
    'write {mode: Fixed, values: [key1, key2]}',
  ),
  loadTest(
    'key values without a mode',
    withProducers({ record: { key: { values: ['a'] } } }),
    'write {mode: Fixed, values: [key1, key2]}',
  ),
  loadTest(
    'random keys of no number',
    withProducers({ record: { key: { mode: 'Random' } } }),
    'write {mode: Random, cardinality: 100}',
  ),
  loadTest(
    'one partition, but not which',
    withProducers({ partitioner: { mode: 'Explicit' } }),
    'write {mode: Explicit, partition: 0}',
  ),
  loadTest(
    'a partition that the partitioner does not ask for',
    withProducers({ partitioner: { mode: 'RoundRobin', partition: 1 } }),
    'write {mode: Explicit, partition: 0}',
  ),
  loadTest(
    'a partitioner as a word',
    withProducers({ partitioner: 'RoundRobin' }),
    'spec.producers.partitioner',
    'must be of type object',
  ),
  loadTest(
    'a partitioner of the client library',
    withProducers({ partitioner: { mode: 'murmur2_random' } }),
    'supported values: "Default", "RoundRobin", "Sticky", "Explicit"',
  ),
  loadTest(
    'the partition after the last',
    withProducers({ partitioner: { mode: 'Explicit', partition: 3 } }),
    'producers.partitioner.partition: 3 does not exist with topic.partitions: 3',
    'write topic.partitions: 4 or more, or partition: 2 or less',
  ),
  // settings
  loadTest(
    'an unknown producer setting',
    producerConfig({ 'linger.millis': '20' }),
    'linger.millis is not a producer setting of Kafka; write one of acks, batch.size',
  ),
  loadTest(
    'an unknown consumer setting',
    consumerConfig({ 'max.poll.record': '20' }),
    'max.poll.record is not a consumer setting of Kafka; write one of',
    'max.poll.records',
  ),
  loadTest(
    'a consumer setting for producers',
    producerConfig({ 'max.poll.records': '20' }),
    'max.poll.records is a setting of consumers; write it under consumers.config',
  ),
  loadTest(
    'a producer setting for consumers',
    consumerConfig({ 'linger.ms': '20' }),
    'linger.ms is a setting of producers; write it under producers.config',
  ),
  loadTest(
    'what the operator sets: group',
    consumerConfig({ 'group.id': 'g' }),
    'group.id is set by the operator; write consumers.group instead',
  ),
  loadTest(
    'what the operator sets: commits',
    consumerConfig({ 'enable.auto.commit': 'false' }),
    'enable.auto.commit is set by the operator; write consumers.commit.mode instead',
  ),
  loadTest(
    'what the operator sets: brokers',
    producerConfig({ 'bootstrap.servers': 'a:9092' }),
    'write spec.kafka.bootstrapServers instead',
  ),
  loadTest(
    'what the client can’t do',
    producerConfig({ 'max.block.ms': '1000' }),
    'max.block.ms is not supported by this client',
  ),
  loadTest(
    'a Java class',
    producerConfig({ 'partitioner.class': 'org.example.Mine' }),
    'partitioner.class names a Java class, which this client cannot load; write producers.partitioner instead',
  ),
  loadTest(
    'Java’s way to ignore keys',
    producerConfig({ 'partitioner.ignore.keys': 'true' }),
    'partitioner.ignore.keys is set by the operator; write producers.partitioner: {mode: Sticky} instead',
  ),
  loadTest(
    'the client library’s name',
    consumerConfig({ 'fetch.wait.max.ms': '100' }),
    'write Kafka’s name, fetch.max.wait.ms',
  ),
  loadTest(
    'a password',
    producerConfig({ 'sasl.jaas.config': 'x' }),
    'sasl.jaas.config is not supported by this version',
  ),
  loadTest(
    'a setting with a unit',
    producerConfig({ 'linger.ms': '20ms' }),
    'linger.ms cannot be "20ms"; write a whole number without a unit, from 0 to 900000, e.g. "20"',
  ),
  loadTest(
    'a setting as a list',
    producerConfig({ 'linger.ms': [20] }),
    'linger.ms is neither text nor a number nor true or false',
  ),
  loadTest(
    'a setting out of bounds',
    consumerConfig({ 'max.poll.records': '0' }),
    'max.poll.records cannot be "0"; write a whole number without a unit, from 1',
  ),
  loadTest(
    'an unknown codec',
    producerConfig({ 'compression.type': 'brotli' }),
    'compression.type cannot be "brotli"; write one of none, gzip, snappy, lz4, zstd',
  ),
  loadTest(
    'an unknown reset',
    consumerConfig({ 'auto.offset.reset': 'beginning' }),
    'auto.offset.reset cannot be "beginning"; write one of earliest, latest, none',
  ),
  loadTest(
    'an assignor of Java only',
    consumerConfig({ 'partition.assignment.strategy': 'org.apache.kafka.clients.consumer.StickyAssignor' }),
    'write one of range, roundrobin, cooperative-sticky',
  ),
  loadTest('acks in words', producerConfig({ acks: 'one' }), 'acks cannot be "one"; write one of 0, 1, all, -1'),
  loadTest(
    'a poll interval under the session',
    consumerConfig({ 'max.poll.interval.ms': '10000' }),
    'write a smaller session.timeout.ms as well',
  ),
  loadTest(
    'a heartbeat over the session',
    consumerConfig({ 'session.timeout.ms': '3000' }),
    'heartbeat.interval.ms (3000 unless set) must be less than session.timeout.ms',
  ),
  loadTest(
    'idempotence without acks',
    producerConfig({ acks: '1', 'enable.idempotence': 'true' }),
    'write acks: "all", or omit enable.idempotence',
  ),
  loadTest(
    'a delivery timeout under the request’s',
    producerConfig({ 'delivery.timeout.ms': '5000' }),
    'write a smaller request.timeout.ms as well',
  ),
  loadTest(
    'a session under KIP-848',
    consumerConfig({ 'group.protocol': 'consumer', 'session.timeout.ms': '10000' }),
    'with group.protocol: "consumer" the broker sets session.timeout.ms',
  ),
  loadTest(
    'an interval that commit mode Never ignores',
    withConsumers({ commit: { mode: 'Never' }, config: { 'auto.commit.interval.ms': '1000' } }),
    'omit it, or write commit: {mode: Auto}',
  ),
  loadTest(
    'an id that all clients would share',
    consumerConfig({ 'group.instance.id': 'me' }),
    'group.instance.id is set by the operator, since no two clients may share one; write consumers.identity: Static instead',
  ),
  loadTest(
    'an identity of another world',
    withConsumers({ identity: 'static' }),
    'supported values: "Dynamic", "Static"',
  ),
  loadTest(
    'a slow member without its time',
    withConsumers({ processing: { slowMember: {} } }),
    'spec.consumers.processing.slowMember.perPoll: Required value',
  ),
  loadTest(
    'a slow member that is not slow',
    withConsumers({ processing: { slowMember: { perPoll: '0s' } } }),
    'must be longer than zero; write e.g. 30s',
  ),
  loadTest(
    'an assignor under KIP-848',
    consumerConfig({ 'group.protocol': 'consumer', 'partition.assignment.strategy': 'range' }),
    'omit them, and write group.remote.assignor to choose the assignor',
  ),
  loadTest(
    'a heartbeat under KIP-848',
    consumerConfig({ 'group.protocol': 'consumer', 'heartbeat.interval.ms': '500' }),
    'with group.protocol: "consumer" the broker sets session.timeout.ms, heartbeat.interval.ms',
  ),
  loadTest(
    'a broker’s assignor in a classic group',
    consumerConfig({ 'group.remote.assignor': 'uniform' }),
    'needs group.protocol: "consumer"; write that as well, or partition.assignment.strategy instead',
  ),
  loadTest(
    'an assignor that no broker has',
    consumerConfig({ 'group.protocol': 'consumer', 'group.remote.assignor': 'sticky' }),
    'group.remote.assignor cannot be "sticky"; write one of uniform, range',
  ),
  loadTest(
    'several assignors',
    consumerConfig({ 'partition.assignment.strategy': 'range,roundrobin' }),
    'partition.assignment.strategy cannot be "range,roundrobin"; write one of range, roundrobin, cooperative-sticky',
  ),
  loadTest(
    'a protocol of share groups',
    consumerConfig({ 'group.protocol': 'share' }),
    'group.protocol cannot be "share"; write one of classic, consumer',
  ),
  loadTest(
    'a session over the poll interval',
    consumerConfig({ 'session.timeout.ms': '400000' }),
    'max.poll.interval.ms must be at least session.timeout.ms',
  ),
  // kafkajs
  loadTest('a client of another world', withConsumers({ client: 'java' }), 'supported values: "librdkafka", "kafkajs"'),
  loadTest(
    'a static member on kafkajs',
    withConsumers({ client: 'kafkajs', identity: 'Static' }),
    'identity: Static is not supported by client: kafkajs, which has no group.instance.id',
  ),
  loadTest(
    'KIP-848 on kafkajs',
    withConsumers({ client: 'kafkajs', config: { 'group.protocol': 'consumer' } }),
    'group.protocol cannot be "consumer" with client: kafkajs, which does not support KIP-848; write classic, or client: librdkafka',
  ),
  loadTest(
    'range on kafkajs',
    withConsumers({ client: 'kafkajs', config: { 'partition.assignment.strategy': 'range' } }),
    'partition.assignment.strategy cannot be "range" with client: kafkajs',
    'its own round robin; write roundrobin or org.apache.kafka.clients.consumer.RoundRobinAssignor',
  ),
  loadTest(
    'cooperative-sticky on kafkajs',
    withConsumers({ client: 'kafkajs', config: { 'partition.assignment.strategy': 'cooperative-sticky' } }),
    'partition.assignment.strategy cannot be "cooperative-sticky" with client: kafkajs',
  ),
  loadTest(
    'a poll interval on kafkajs',
    withConsumers({ client: 'kafkajs', config: { 'max.poll.interval.ms': '300000' } }),
    'max.poll.interval.ms is not supported by client: kafkajs, which does not poll',
    'write session.timeout.ms, or client: librdkafka',
  ),
  loadTest(
    'a poll size on kafkajs',
    withConsumers({ client: 'kafkajs', config: { 'max.poll.records': '100' } }),
    'max.poll.records is not supported by client: kafkajs',
  ),
  loadTest(
    'no reset on kafkajs',
    withConsumers({ client: 'kafkajs', config: { 'auto.offset.reset': 'none' } }),
    'auto.offset.reset cannot be "none" with client: kafkajs',
    'write earliest or latest',
  ),
  loadTest(
    'a linger on kafkajs',
    withProducers({ client: 'kafkajs', config: { 'linger.ms': '20' } }),
    'linger.ms is not supported by client: kafkajs, which sends immediately; omit it, or write client: librdkafka',
  ),
  loadTest(
    'a batch size on kafkajs',
    withProducers({ client: 'kafkajs', config: { 'batch.size': '16384' } }),
    'batch.size is not supported by client: kafkajs',
  ),
  loadTest(
    'a codec that kafkajs has not',
    withProducers({ client: 'kafkajs', config: { 'compression.type': 'snappy' } }),
    'compression.type cannot be "snappy" with client: kafkajs',
    'write none or gzip, or client: librdkafka',
  ),
  // settings that cannot work together
  loadTest(
    'producers whose codec kafkajs cannot read',
    {
      topic,
      producers: { config: { 'compression.type': 'snappy' } },
      consumers: { ...consumers, client: 'kafkajs' },
    },
    'client: kafkajs of the consumers cannot read the snappy records that compression.type in producers.config makes',
    'write compression.type: gzip there, or consumers.client: librdkafka',
  ),
  loadTest(
    'a topic whose codec kafkajs cannot read',
    { topic: { ...topic, config: { 'compression.type': 'zstd' } }, consumers: { ...consumers, client: 'kafkajs' } },
    'the zstd records that compression.type in topic.config makes',
  ),
  loadTest(
    'a compacted topic without keys',
    withTopic({ config: { 'cleanup.policy': 'delete, compact' } }),
    'a topic with cleanup.policy: compact refuses records without a key; write producers.record.key: {mode: Sequence, cardinality: 100}',
  ),
  loadTest(
    'a record of one mebibyte',
    withProducers({ record: { sizeBytes: 1_048_576 } }),
    'has up to 1048576 bytes of key and value and about 82 of headers, which is more than max.request.size (1048576)',
    'write max.request.size: 1048658 or more in producers.config',
    'or record.sizeBytes: 1048494 or less',
  ),
  loadTest(
    'a record that the topic refuses',
    {
      topic: { ...topic, config: { 'max.message.bytes': 1_000 } },
      producers: { record: { sizeBytes: 1_000, key: { mode: 'Random', cardinality: 100 } } },
    },
    'has up to 1005 bytes of key and value and about 70 of headers, which is more than max.message.bytes (1000)',
    'write max.message.bytes: 1075 or more in topic.config, or record.sizeBytes: 925 or less',
  ),
  loadTest(
    'no lag threshold',
    load({ lagThreshold: 0 }),
    'write a whole number from 1, e.g. 100, or {records: 100, for: 1m}',
  ),
  loadTest(
    'a lag threshold with a time without unit',
    load({ lagThreshold: { records: 100, for: '60' } }),
    'lagThreshold.for is not a duration of at most a week; write a number with its unit, e.g. 30s, 1m, 1h30m',
  ),
  loadTest(
    'a number that JSON changes',
    withTopic({ config: { 'flush.messages': 2 ** 60 } }),
    'flush.messages is a number beyond 9007199254740991, which JSON does not carry exactly; write it as text',
  ),
  // changes
  change(
    'partitions taken away',
    withTopic({ partitions: 9 }),
    withTopic({ partitions: 3 }),
    'Kafka cannot remove partitions, and topic.partitions was 9; write 9 or more',
  ),
  change(
    'another topic',
    GOOD_LOAD_TEST,
    withTopic({ name: 'invoices' }),
    'topic.name is immutable',
    'Create another LoadTest',
  ),
  change(
    'another replication',
    GOOD_LOAD_TEST,
    withTopic({ replicas: 3 }),
    'topic.replicas is immutable',
    'Create another LoadTest',
  ),
  change(
    'another group',
    GOOD_LOAD_TEST,
    withConsumers({ group: 'audit' }),
    'consumers.group is immutable',
    'Create another LoadTest',
  ),
  change(
    'another cluster',
    GOOD_LOAD_TEST,
    load({ kafka: { bootstrapServers: 'other:9092' } }),
    'kafka is immutable',
    'Create another LoadTest',
  ),
  change(
    'other producer settings',
    GOOD_LOAD_TEST,
    producerConfig({ acks: '1' }),
    'producers.config is immutable',
    'Create another LoadTest',
  ),
  change(
    'other topic settings',
    GOOD_LOAD_TEST,
    withTopic({ config: { 'retention.ms': 1_000 } }),
    'topic.config is immutable',
    'Create another LoadTest',
  ),
  change(
    'another rate',
    withProducers({ messagesPerSecond: 1 }),
    withProducers({ messagesPerSecond: 2 }),
    'producers.messagesPerSecond is immutable',
  ),
  change(
    'a rate where there was none',
    GOOD_LOAD_TEST,
    withProducers({ messagesPerSecond: 2 }),
    'producers.messagesPerSecond is immutable',
  ),
  change(
    'other records',
    GOOD_LOAD_TEST,
    withProducers({ record: { sizeBytes: 100 } }),
    'producers.record is immutable',
  ),
  change(
    'another client for producers',
    GOOD_LOAD_TEST,
    withProducers({ client: 'kafkajs' }),
    'producers.client is immutable',
  ),
  change(
    'another client for consumers',
    GOOD_LOAD_TEST,
    withConsumers({ client: 'kafkajs' }),
    'consumers.client is immutable',
  ),
  change('another identity', GOOD_LOAD_TEST, withConsumers({ identity: 'Static' }), 'consumers.identity is immutable'),
  change(
    'another partitioner',
    GOOD_LOAD_TEST,
    withProducers({ partitioner: { mode: 'RoundRobin' } }),
    'producers.partitioner is immutable',
  ),
  change('other pods', GOOD_LOAD_TEST, withProducers({ clientsPerPod: 2 }), 'producers.clientsPerPod is immutable'),
  change(
    'more producers for a share',
    withProducers({ messages: 100 }),
    withProducers({ messages: 100, replicas: 4 }),
    'each producer already has its share. Create another LoadTest',
  ),
  change('no consumers any more', GOOD_LOAD_TEST, { topic, producers }, 'write replicas: 0 to stop them'),
  // schedules
  scale('no steps', { scaleTargetRef, steps: [] }, 'spec.steps', 'should have at least 1 items'),
  scale('a step that changes nothing', schedule({ hold: '60s' }), 'write consumers: 9 or partitions: 12 or both'),
  scale(
    'a step without end',
    schedule({ consumers: 1 }),
    'write hold: 60s (after a time) or until: {lagBelow: 100} (when lag has fallen)',
  ),
  scale(
    'a step with two ends',
    schedule({ consumers: 1, hold: '60s', until: { lagBelow: 10 } }),
    'the step needs exactly one end',
  ),
  scale('a step that waits for nothing', schedule({ consumers: 1, until: {} }), 'lagBelow: Required value'),
  scale(
    'consumers in words',
    schedule({ consumers: 'nine', hold: '60s' }),
    '"nine" is not a number of consumers; write a whole number from 0 to 10000 (without quotes), or Partitions',
  ),
  scale(
    'a number of consumers in quotes',
    schedule({ consumers: '9', hold: '60s' }),
    '"9" is not a number of consumers',
    'without quotes',
  ),
  scale(
    'a negative number of consumers',
    schedule({ consumers: -1, hold: '60s' }),
    'write a whole number from 0 to 10000',
  ),
  scale('a hold without unit', schedule({ consumers: 1, hold: '60' }), '"60" has no unit; write 60s or 60ms'),
  scale(
    'a wait longer than its timeout',
    schedule({ consumers: 1, until: { lagBelow: 10, for: '10m' } }),
    'timeout must be longer than for',
  ),
  scale(
    'partitions that get fewer',
    schedule({ partitions: 12, hold: '1s' }, { partitions: 9, hold: '1s' }),
    'write steps whose partitions never decrease',
  ),
  scale(
    'idle consumers by mistake',
    schedule({ consumers: 10, partitions: 9, hold: '60s' }),
    'or allowIdleConsumers: true',
  ),
  scale(
    'something as target that can’t be scaled here',
    { scaleTargetRef: { apiVersion: 'batch/v1', kind: 'Job', name: 'app' }, consumers: theirs, steps: [HOLD] },
    'kind: Job of apiVersion: batch/v1 cannot be scaled; write apiVersion: kafkalab.dev/v1alpha1, kind: LoadTest, or apiVersion: apps/v1, kind: Deployment or StatefulSet',
  ),
  scale(
    'a LoadTest of the wrong group as target',
    { scaleTargetRef: { ...scaleTargetRef, apiVersion: 'apps/v1' }, steps: [HOLD] },
    'kind: LoadTest of apiVersion: apps/v1 cannot be scaled',
  ),
  scale(
    'a target without a name',
    { scaleTargetRef: { ...deployment, name: '' }, consumers: theirs, steps: [HOLD] },
    'write the name of a LoadTest, Deployment or StatefulSet in the same namespace',
  ),
  scale(
    'a Deployment without a group',
    { scaleTargetRef: deployment, steps: [HOLD] },
    'a Deployment does not name its group and topic; write consumers: {group: my-group, topic: my-topic}',
  ),
  scale(
    'a Deployment without a topic',
    { scaleTargetRef: deployment, consumers: { group: 'theirs' }, steps: [HOLD] },
    'spec.consumers.topic: Required value',
  ),
  scale(
    'a group beside a LoadTest',
    { ...schedule(HOLD), consumers: theirs },
    'a LoadTest has its own group, topic and Kafka cluster; omit consumers',
  ),
  scale(
    'a group with a space',
    { scaleTargetRef: deployment, consumers: { ...theirs, group: 'my group' }, steps: [HOLD] },
    'write a name without spaces, e.g. my-group',
  ),
  scale(
    'fewer others in the group than none',
    { scaleTargetRef: deployment, consumers: { ...theirs, others: -1 }, steps: [HOLD] },
    'spec.consumers.others',
    'greater than or equal to 0',
  ),
  scale(
    'the evidence topic as theirs',
    { scaleTargetRef: deployment, consumers: { ...theirs, topic: 'kafkalab-evidence' }, steps: [HOLD] },
    'write the name of your own topic',
  ),
  scale(
    'a Kafka without a port',
    { scaleTargetRef: deployment, consumers: { ...theirs, kafka: { bootstrapServers: 'kafka' } }, steps: [HOLD] },
    'write host:port with a port from 1 to 65535, several separated by commas',
  ),
  scale(
    'a way to stop that there is not',
    schedule({ ...HOLD, stop: 'Murder' }),
    'supported values: "Graceful", "Kill"',
  ),
  scale(
    'a kill of nobody',
    schedule({ partitions: 9, hold: '60s', stop: 'Kill' }),
    'this step removes none; write consumers: 2 (fewer than before) as well, or omit stop',
  ),
  scale(
    'a kill of somebody else’s consumers',
    { scaleTargetRef: deployment, consumers: theirs, steps: [{ ...HOLD, stop: 'Kill' }] },
    'omit stop, or write a LoadTest as the target',
  ),
  {
    wrong: 'another group',
    kind: 'ConsumerScale',
    before: { scaleTargetRef: deployment, consumers: theirs, steps: [HOLD] },
    spec: { scaleTargetRef: deployment, consumers: { ...theirs, group: 'another' }, steps: [HOLD] },
    says: ['consumers is immutable', 'Create another ConsumerScale'],
  },
  {
    wrong: 'another schedule',
    kind: 'ConsumerScale',
    before: GOOD_SCHEDULE,
    spec: schedule({ consumers: 2, hold: '60s' }),
    says: ['steps is immutable', 'Create another ConsumerScale'],
  },
  // labs
  lab('a script without steps', { steps: [] }, 'spec.steps', 'should have at least 1 items'),
  lab('a step that does nothing', script({ name: 'then' }), 'write one of apply, scale, produce'),
  lab(
    'a step that does two things',
    does({ wait: '5s', stop: { loadTest: 'round' } }),
    'a step needs exactly one action; write one of apply, scale, produce',
  ),
  lab('a step without a name', script({ observe: {} }), 'spec.steps[1].name: Required value'),
  lab('a step with an empty name', script({ name: '', observe: {} }), 'is empty; write a few words'),
  lab('a step that there is not', does({ pause: '5s' }), 'unknown field "spec.steps[1].pause"'),
  lab('a wait without a unit', does({ wait: '5' }), '"5" has no unit; write 5s or 5ms'),
  lab('a wait for nothing', does({ wait: '0s' }), 'must be longer than zero; write e.g. 30s'),
  lab('no time to happen', does({ observe: {}, timeout: '0s' }), 'must be longer than zero; write e.g. 30s'),
  lab('a scale to nothing said', does({ scale: { loadTest: 'round' } }), 'write consumers: 2 or producers: 2 or both'),
  lab(
    'a kill of nobody that scales',
    does({ scale: { loadTest: 'round', producers: 1, stop: 'Kill' } }),
    'write consumers: 1 as well, or omit stop',
  ),
  lab(
    'producers to be killed',
    does({ stop: { loadTest: 'round', who: 'Producers', stop: 'Kill' } }),
    'producers cannot be killed; omit stop, or write who: Consumers',
  ),
  lab(
    'a kill of everybody',
    does({ stop: { loadTest: 'round', who: 'All', stop: 'Kill' } }),
    'producers cannot be killed; omit stop, or write who: Consumers',
  ),
  lab(
    'somebody else to be stopped',
    does({ stop: { loadTest: 'round', who: 'Brokers' } }),
    'supported values: "Consumers", "Producers", "All"',
  ),
  lab(
    'a name with capitals',
    does({ stop: { loadTest: 'Round' } }),
    'is not a name; write lower-case letters, digits and hyphens, starting with a letter, e.g. round',
  ),
  lab(
    'records without a place to go',
    does({ produce: { name: 'ten', messages: 10 } }),
    'the step needs exactly one destination; write loadTest: round (its topic) or topic: my-topic',
  ),
  lab(
    'records with two places to go',
    does({ produce: { name: 'ten', messages: 10, loadTest: 'round', topic: 'orders' } }),
    'the step needs exactly one destination; write loadTest: round (its topic) or topic: my-topic',
  ),
  lab(
    'records whose name is no variable',
    does({ produce: { name: 'the-ten', messages: 10, loadTest: 'round' } }),
    'is not a name for expectations; write lower-case letters and digits, starting with a letter, e.g. first',
  ),
  lab('no records', does({ produce: { name: 'ten', messages: 0, loadTest: 'round' } }), 'greater than or equal to 1'),
  lab(
    'records to Kafka’s own topic',
    does({ produce: { name: 'ten', messages: 1, topic: '__consumer_offsets' } }),
    'write the name of your own topic',
  ),
  lab('no partitions', does({ partitions: { loadTest: 'round', partitions: 0 } }), 'greater than or equal to 1'),
  lab('an expectation of nothing', expects({ that: '' }), 'write an expression that is true or false'),
  lab('an expectation at once', expects({ that: 'true', within: '0s' }), 'must be longer than zero; write e.g. 30s'),
  lab(
    'too many expectations',
    script(
      ...Array.from({ length: 6 }, (_, n) => ({
        name: `${n}`,
        observe: {},
        expect: Array.from({ length: 20 }, () => ({ that: 'true' })),
      })),
    ),
    'there are 120 expectations; write at most 100, or several Labs',
  ),
  lab(
    'a resource of another kind',
    { ...GOOD_LAB, resources: [{ ...resource, kind: 'Deployment' }] },
    'supported values: "LoadTest", "ConsumerScale"',
  ),
  lab(
    'a resource of another group',
    { ...GOOD_LAB, resources: [{ ...resource, apiVersion: 'apps/v1' }] },
    'supported values: "kafkalab.dev/v1alpha1"',
  ),
  lab(
    'a label that Kubernetes would refuse in the middle',
    { ...GOOD_LAB, resources: [{ ...resource, metadata: { name: 'round', labels: { team: 'the blues' } } }] },
    'has a value that Kubernetes does not allow; write at most 63 letters, digits, hyphens, underscores and dots, e.g. blue-team',
  ),
  lab(
    'a label whose name is none',
    { ...GOOD_LAB, resources: [{ ...resource, metadata: { name: 'round', labels: { 'my team': 'blue' } } }] },
    'has a name that Kubernetes does not allow; write e.g. team or example.com/team',
  ),
  lab(
    'an annotation whose name is none',
    { ...GOOD_LAB, resources: [{ ...resource, metadata: { name: 'round', annotations: { '/team': 'blue' } } }] },
    'has a name that Kubernetes does not allow; write e.g. team or example.com/team',
  ),
  lab('a wait of more than a week', does({ wait: '169h' }), 'is longer than a week; write at most 168h'),
  lab('an end that there is not', { ...GOOD_LAB, afterwards: 'Delete' }, 'supported values: "Suspend", "Keep"'),
];

/** Manifests as people write them. */
export const ACCEPTED: { written: string; spec: Spec }[] = [
  {
    written: 'topic settings as text',
    spec: withTopic({ config: { preallocate: 'false', 'compression.type': 'lz4', 'compression.lz4.level': '9' } }),
  },
  {
    written: 'topic settings of a KafkaTopic',
    spec: {
      topic: {
        ...topic,
        config: {
          'retention.bytes': -1,
          'retention.ms': -1,
          'cleanup.policy': 'compact',
          'min.cleanable.dirty.ratio': 0.5,
          'segment.ms': 100,
          'unclean.leader.election.enable': false,
        },
      },
      producers: { record: { key: { mode: 'Sequence', cardinality: 10 } } },
    },
  },
  { written: 'producer settings as numbers', spec: producerConfig({ 'linger.ms': 5, acks: 1 }) },
  { written: 'a consumer setting as a boolean', spec: consumerConfig({ 'check.crcs': true }) },
  { written: 'addresses with spaces', spec: load({ kafka: { bootstrapServers: 'a:9092, b:9092' } }) },
  { written: 'an IPv6 address', spec: load({ kafka: { bootstrapServers: '[2001:db8::1]:9092' } }) },
  { written: 'an address with its protocol', spec: load({ kafka: { bootstrapServers: 'PLAINTEXT://a:9092' } }) },
  { written: 'a lag threshold with a time', spec: load({ lagThreshold: { records: 100, for: '1m' } }) },
  {
    written: 'a codec that the broker replaces by one that kafkajs reads',
    spec: {
      topic: { ...topic, config: { 'compression.type': 'gzip' } },
      producers: { config: { 'compression.type': 'zstd' } },
      consumers: { ...consumers, client: 'kafkajs' },
    },
  },
  { written: 'a record of the largest size', spec: withProducers({ record: { sizeBytes: 1_048_494 } }) },
];

/** Changes that a running LoadTest accepts. */
export const ALLOWED_CHANGES: { change: string; before: Spec; spec: Spec }[] = [
  { change: 'more consumers', before: GOOD_LOAD_TEST, spec: withConsumers({ replicas: 9 }) },
  { change: 'no consumers for a while', before: GOOD_LOAD_TEST, spec: withConsumers({ replicas: 0 }) },
  { change: 'more producers', before: GOOD_LOAD_TEST, spec: withProducers({ replicas: 20 }) },
  { change: 'more partitions', before: GOOD_LOAD_TEST, spec: withTopic({ partitions: 9 }) },
  { change: 'heavier processing', before: GOOD_LOAD_TEST, spec: withConsumers({ processing: { perRecord: '50ms' } }) },
  {
    change: 'a slow member',
    before: GOOD_LOAD_TEST,
    spec: withConsumers({ processing: { slowMember: { perPoll: '2s' } } }),
  },
  {
    change: 'another commit mode',
    before: GOOD_LOAD_TEST,
    spec: withConsumers({ commit: { mode: 'Every', records: 10 } }),
  },
  { change: 'other consumer settings', before: GOOD_LOAD_TEST, spec: consumerConfig({ 'max.poll.records': '100' }) },
  { change: 'an end', before: GOOD_LOAD_TEST, spec: load({ duration: '10m' }) },
  { change: 'a lag threshold', before: GOOD_LOAD_TEST, spec: load({ lagThreshold: 100 }) },
  { change: 'a break', before: GOOD_LOAD_TEST, spec: load({ suspend: true }) },
  { change: 'keeping the topic', before: GOOD_LOAD_TEST, spec: withTopic({ deletionPolicy: 'Retain' }) },
];
