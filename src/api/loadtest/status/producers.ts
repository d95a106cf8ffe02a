/** status.producers of a LoadTest. */
import { z } from 'zod';
import { count, field, figure, sentences } from '../../schema/schema.ts';
import { latency, ms, total } from '../../sharedStatus.ts';
import { errors } from './errors.ts';

const APPENDED = sentences(
  'Records appended to the topic since the run started: the sum of its end offsets minus endOffsetsAtStart.',
  'The end offsets are read about once a second, and once more after the last client has stopped.',
  'It counts every record in the log: also those of other producers, those that a client gave up on',
  'although the broker had written them, duplicates (without idempotence, or after a restart of a producer),',
  'and transaction markers.',
  'With acks: "0" it shows what reached the log, which acknowledged cannot.',
  'Absent: not read yet.',
);

const partitionRecords = z.strictObject({
  partition: count(0, 1_000_000),
  records: total('Number of acknowledged records in the partition.'),
});

export const producers = field(
  z.strictObject({
    desired: total('Number of producers in the spec.'),
    ready: total('Number of producers that are connected and have had a record acknowledged.'),
    attempted: total('Records handed to the client library.'),
    acknowledged: total('Records acknowledged by the brokers.'),
    failed: total('Records that the client library gave up on.'),
    appended: total(APPENDED).exactOptional(),
    endOffsetsAtStart: total(
      'Sum of the end offsets of the topic before the first client started. 0 if this LoadTest created the topic.',
    ).exactOptional(),
    bytes: total('Bytes of keys and values of acknowledged records.'),
    messagesPerSecond: field(
      figure(),
      'Records acknowledged per second: over the last 5 s while running, over the whole run once it has ended.',
    ),
    bytesPerSecond: field(figure(), 'Bytes of keys and values acknowledged per second, over the same period.'),
    elapsedMs: ms('Time from the first record sent to the last record acknowledged, in ms.'),
    latencyMs: latency('Time from sending a record to its acknowledgement.').exactOptional(),
    done: total('Number of producers that have finished their share of spec.producers.messages.').exactOptional(),
    errors: errors.exactOptional(),
    partitions: field(
      z.array(partitionRecords).max(1_000),
      'Acknowledged records per partition, ascending. Partitions without records are omitted.',
    ).exactOptional(),
  }),
  'Figures of the producers.',
);
