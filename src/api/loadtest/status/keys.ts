/** status.keys of a LoadTest. */
import { z } from 'zod';
import { count, field, sentences, text } from '../../schema/schema.ts';
import { ms, total } from '../../sharedStatus.ts';

const MORE = sentences(
  'true: there are more keys than are tracked (1000 keys, 4000 pairs of a key and a partition, or 250000 totals by key, partition and producer).',
  'distinct, inSeveralPartitions and list then cover the first keys in text order, and are exact for those.',
);

const IN_SEVERAL_PARTITIONS = sentences(
  'Number of keys with records in more than one partition.',
  'Kafka keeps order only within a partition, so it does not keep the order of these keys.',
  'With partitioner.mode: Default the usual cause is added partitions.',
  'outOfOrder counts the keys whose records were in fact processed out of order.',
);

const OUT_OF_ORDER = sentences(
  'Number of keys with order: Broken.',
  'It is measured if producers.record.key has at most 1000 keys and producers set the timestamps',
  '(not with message.timestamp.type: LogAppendTime in topic.config).',
  'Absent: not measured.',
);

const ORDER = sentences(
  'Order in which consumers processed the records of the key.',
  'Broken: processing of a record started after processing of a later-written record of another partition had ended,',
  'by more than the clocks of producers and consumers may differ.',
  'Kept: no such pair was seen.',
  'Only the first and the last record of each report (about 250 ms) and partition are compared,',
  'so shorter disorder may be missed.',
  'A record that is processed again counts as a duplicate.',
  'Absent: not measured.',
);

const recordPlace = (description: string) =>
  field(z.strictObject({ partition: count(0, 1_000_000), offset: total('Offset of the record.') }), description);

const brokenBy = field(
  z.strictObject({
    earlier: recordPlace('Record that was written first and processed last.'),
    later: recordPlace('Record that was written last and processed first.'),
    writtenMs: ms('Time between the timestamps of the two records, in ms.'),
  }),
  'Two records that prove order: Broken. Of several pairs, the one that is furthest apart.',
);

const keyPartition = z.strictObject({
  partition: count(0, 1_000_000),
  records: total('Number of acknowledged records of the key in the partition.'),
  firstOffset: total('Offset of the first of these records. Absent with acks: "0".').exactOptional(),
  lastOffset: total('Offset of the last of these records. Absent with acks: "0".').exactOptional(),
});

const key = z.strictObject({
  key: field(text(249), 'Key, as text.'),
  order: field(z.enum(['Kept', 'Broken']), ORDER).exactOptional(),
  brokenBy: brokenBy.exactOptional(),
  partitions: field(z.array(keyPartition).max(100), 'Partitions with records of the key, ascending; at most 100.'),
});

export const keys = field(
  z.strictObject({
    distinct: total('Number of distinct keys of acknowledged records. With more: true there are others.'),
    more: field(z.boolean(), MORE).exactOptional(),
    inSeveralPartitions: total(IN_SEVERAL_PARTITIONS),
    outOfOrder: total(OUT_OF_ORDER).exactOptional(),
    list: field(
      z.array(key).max(100),
      sentences(
        'At most 100 keys, in text order.',
        'If there are more: first the keys out of order, then those in several partitions, then the others.',
      ),
    ),
  }),
  'Partitions and order of each key. Absent: no record with a key has been acknowledged.',
);
