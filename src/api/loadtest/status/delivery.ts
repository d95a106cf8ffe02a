/** status.delivery of a LoadTest. */
import { z } from 'zod';
import { field, sentences } from '../../schema/schema.ts';
import { total } from '../../sharedStatus.ts';

const SKIPPED = sentences(
  'Number of records that the consumers of this LoadTest passed over,',
  'between the first and the last one processed of each partition.',
  'It includes records that other members of the group processed in between.',
  'Exact, counted by offset.',
);

const WITHOUT_RECORD = sentences(
  'Number of offsets that have no record for these consumers: transaction markers, aborted and compacted records.',
  'They are neither skipped nor lag.',
);

const LOST = sentences(
  'Number of offsets that retention or DeleteRecords removed from the topic before the group read them.',
  'Counted once a consumer has met the gap.',
);

export const delivery = field(
  z.strictObject({
    produced: total('Number of records acknowledged by the brokers.'),
    consumed: total('Number of records processed, including duplicates.'),
    duplicated: total('Number of records processed again. Exact, counted by offset.'),
    skipped: total(SKIPPED),
    withoutRecord: total(WITHOUT_RECORD).exactOptional(),
    lostToRetention: total(LOST).exactOptional(),
  }),
  'Whether each record was processed exactly once.',
);
