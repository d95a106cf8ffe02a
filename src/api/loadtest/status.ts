/** status of a LoadTest. */
import { z } from 'zod';
import { count, field, figure, text } from '../schema/schema.ts';
import * as shared from '../sharedStatus.ts';
import { at, ms, total } from '../sharedStatus.ts';

export const LOAD_TEST_PHASES = ['Pending', 'Preparing', 'Running', 'Completed', 'Failed', 'Suspended'] as const;

const recordPlace = (description: string) =>
  field(z.strictObject({ partition: count(0, 1_000_000), offset: total('Its offset there.') }), description);

const errors = field(
  z
    .array(
      z.strictObject({
        code: field(text(256), 'Kafka’s or the client’s name of the error.'),
        message: field(text(1024), 'What the client said.').exactOptional(),
        count: total('How often.').exactOptional(),
        at: at('When it was last seen.').exactOptional(),
      }),
    )
    .max(20),
  'Errors that the clients saw. Absent: none.',
);

export const status = field(
  z.strictObject({
    phase: shared.phase(
      LOAD_TEST_PHASES,
      'Pending: not begun. Preparing: topic and clients are being made. Running. Completed: all messages done or duration over. Failed: can’t go on. Suspended: spec.suspend is true.',
    ),
    observedGeneration: shared.observedGeneration,
    conditions: shared.conditions,
    startedAt: at('Preparing began.').exactOptional(),
    preparedAt: at('Everything asked for was ready; spec.duration counts from here.').exactOptional(),
    suspendedAt: at(
      'The run was suspended; spec.duration stands still from here until everything asked for is ready again.',
    ).exactOptional(),
    suspendedMs: ms('Time that spec.duration stood still, before suspendedAt.').exactOptional(),
    finishedAt: at('The run ended.').exactOptional(),
    stoppedAt: at('All clients had ended; from then on only their last reports were waited for.').exactOptional(),
    evidence: shared.evidence.exactOptional(),
    kafka: shared.kafkaFound.exactOptional(),
    topic: field(
      z.strictObject({
        partitions: total('As Kafka says, live.'),
        replicas: total('As Kafka says, of partition 0.'),
        managedBy: field(
          z.enum(['Strimzi', 'Admin', 'Existing']),
          'Strimzi: by a KafkaTopic that this LoadTest made. Admin: made by this LoadTest through Kafka’s Admin API. Existing: was there before.',
        ),
        created: field(
          z.boolean(),
          'true: this LoadTest made the topic, so it deletes it under deletionPolicy: Delete.',
        ),
        waitingSince: at('Since when the Topic Operator is waited for; absent: it is not.').exactOptional(),
        kafkaTopic: field(
          z.strictObject({
            cluster: field(text(63), 'Name of the Kafka resource that it belongs to.'),
            namespace: field(text(63), 'Its namespace.'),
            name: field(text(253), 'Its metadata.name.'),
          }),
          'The KafkaTopic (kafka.strimzi.io) that stands for the topic; it is gone by from then on, whatever the operator’s STRIMZI_CLUSTER is. Absent: none is known.',
        ).exactOptional(),
      }),
      'The topic as it is.',
    ).exactOptional(),
    producers: field(
      z.strictObject({
        desired: total('Producers asked for.'),
        ready: total('Producers that are connected and have had a record acknowledged.'),
        attempted: total('Records handed to the clients.'),
        acknowledged: total('Records that the brokers acknowledged.'),
        failed: total('Records that the clients gave up.'),
        appended: total(
          'Records that are in the log since this run began: the end offsets of the topic, summed, as the brokers told them at the last look (about a second ago; once the run is over, after its last client had ended), less endOffsetsAtStart. It counts what anybody wrote: records of other producers too, those that a client gave up though the broker had them, and those that it wrote twice (no idempotence, or a producer that was started again), and under a transactional producer its markers. So it tells what acknowledged can’t with acks: "0". Absent: not looked at yet.',
        ).exactOptional(),
        endOffsetsAtStart: total(
          'Records written to the topic before this run: its end offsets, summed, before the first client was started; 0 for a topic that this LoadTest made.',
        ).exactOptional(),
        bytes: total('Bytes of key and value, acknowledged.'),
        messagesPerSecond: field(
          figure(),
          'Acknowledged a second: over the last 5 s while running, over the whole run when it is done.',
        ),
        bytesPerSecond: field(figure(), 'Bytes of key and value acknowledged a second, over the same time.'),
        elapsedMs: ms('From the first record sent to the last one acknowledged, in ms.'),
        latencyMs: shared.latency('From sending to acknowledgement.').exactOptional(),
        done: total('Producers that are through with their share of spec.producers.messages.').exactOptional(),
        errors: errors.exactOptional(),
        partitions: field(
          z
            .array(
              z.strictObject({
                partition: count(0, 1_000_000),
                records: total('Records acknowledged in it.'),
              }),
            )
            .max(1_000),
          'How the acknowledged records are spread over the partitions: those that have got any, ascending.',
        ).exactOptional(),
      }),
      'What was sent.',
    ).exactOptional(),
    keys: field(
      z.strictObject({
        distinct: total('Different keys of acknowledged records; where `more` is true, at least so many and one.'),
        more: field(
          z.boolean(),
          'true: there are more keys than can be told one by one (1000 keys, or 4000 pairs of a key and a partition); distinct, inSeveralPartitions and list are of those that come first in the order of their text, exactly.',
        ).exactOptional(),
        inSeveralPartitions: total(
          'Keys whose records are in more than one partition: Kafka keeps order within a partition only, so the order of a key’s records is no longer kept. With the Default partitioner this comes of added partitions. Whether consumers met them out of order, outOfOrder says.',
        ),
        outOfOrder: total(
          'Keys whose records were processed out of order: order Broken. Absent: the consumers tell nothing of it. They do where producers.record.key has at most 1000 keys and the timestamps of records are the producers’ own (not message.timestamp.type: LogAppendTime in topic.config).',
        ).exactOptional(),
        list: field(
          z
            .array(
              z.strictObject({
                key: field(text(249), 'The key, as text.'),
                order: field(
                  z.enum(['Kept', 'Broken']),
                  'How the consumers met its records so far. Broken: one began to be processed after the processing of another one, of another partition, had ended that was written later; proven beyond what the clocks of producers and consumers may be off. Kept: nothing of the kind was seen; of each partition the first and the last record of each report (about 250 ms) are compared, so a disorder shorter than that may be missed. A record that is processed again is a duplicate, no disorder. Absent: no consumer tells of it.',
                ).exactOptional(),
                brokenBy: field(
                  z.strictObject({
                    earlier: recordPlace('The record that was written first, and processed after the other one.'),
                    later: recordPlace('The record that was written later, and processed before.'),
                    writtenMs: ms('How much later it was written, by the records’ timestamps, in ms.'),
                  }),
                  'The two records that prove order: Broken; of several such pairs the one furthest apart.',
                ).exactOptional(),
                partitions: field(
                  z
                    .array(
                      z.strictObject({
                        partition: count(0, 1_000_000),
                        records: total('Records of the key acknowledged in it.'),
                        firstOffset: total('Offset of the first of them; absent with acks: "0".').exactOptional(),
                        lastOffset: total('Offset of the last of them; absent with acks: "0".').exactOptional(),
                      }),
                    )
                    .max(100),
                  'Where its records are, ascending; at most 100.',
                ),
              }),
            )
            .max(100),
          'At most 100 keys by their text; where there are more, those in more than one partition first.',
        ),
      }),
      'Where the records of each key went. Absent: none with a key has been acknowledged.',
    ).exactOptional(),
    consumers: field(
      z.strictObject({
        desired: total('Consumers asked for.'),
        ready: total('Consumers in ready pods.'),
        selector: field(text(1024), 'Label selector of the pods, for the scale subresource.'),
        groupCreated: field(
          z.boolean(),
          'true: there was no such group before this LoadTest, so the group is deleted with it.',
        ).exactOptional(),
        members: field(
          z
            .array(
              z.strictObject({
                name: field(
                  text(253),
                  'Readable name of the client. Of a member that this LoadTest did not start: its group.instance.id, or its member id with its client.id in front.',
                ),
                memberId: field(text(253), 'Member id in the group (Kafka’s member.id).'),
                clientId: field(text(253), 'client.id of a member that this LoadTest did not start.').exactOptional(),
                host: field(text(253), 'Node or host.'),
                partitions: field(z.array(count(0, 1_000_000)).max(10_000), 'Partitions it owns.'),
                source: shared.source,
              }),
            )
            .max(1_000),
          'Live members of the group, also those that this LoadTest did not start (source Broker).',
        ),
        idle: field(z.array(text(253)).max(1_000), 'Ids of members that own no partition.'),
        consumed: total('Records processed, counted as often as they were.'),
        messagesPerSecond: field(
          figure(),
          'Processed a second: over the last 5 s while running, over the whole run when it is done.',
        ),
        elapsedMs: ms('From the first record processed to the last one, in ms.'),
        endToEndMs: shared.latency('From the record’s timestamp to the begin of its processing.').exactOptional(),
        polls: field(
          z.strictObject({
            count: total('Polls that returned records.'),
            recordsMax: total('Most records of one poll.'),
            recordsP50: field(figure(), 'Median of records per poll.'),
            longestIntervalMs: ms(
              'Longest time from one poll to the next of a consumer, in ms; it is put out of the group over max.poll.interval.ms.',
            ).exactOptional(),
          }),
          'How consumers fetched.',
        ).exactOptional(),
        errors: errors.exactOptional(),
      }),
      'What was consumed.',
    ).exactOptional(),
    delivery: field(
      z.strictObject({
        produced: total('Records acknowledged by the brokers.'),
        consumed: total('Records processed, counted as often as they were.'),
        duplicated: total('Of those, processed before. Exact, by offset.'),
        skipped: total(
          'Records between the first and the last one processed of each partition that were passed over by this LoadTest’s consumers: also those that foreign members of the group processed in between. Exact, by offset.',
        ),
      }),
      'Whether everything arrived once.',
    ).exactOptional(),
    lag: shared.lag.exactOptional(),
    rebalances: shared.rebalances.exactOptional(),
    truncated: shared.truncated.exactOptional(),
  }),
  'What happened.',
);

export type LoadTestStatus = z.output<typeof status>;
