/** status.delivery of a LoadTest. */
import { z } from 'zod';
import { field, sentences, text } from '../../schema/schema.ts';
import { total } from '../../sharedStatus.ts';

const SKIPPED = sentences(
  'Number of records that the consumers of this LoadTest passed over,',
  'between the first and the last one processed of each partition.',
  'It includes records that other members of the group processed in between.',
  'Exact, counted by offset, unless inexact says otherwise.',
);

const WITHOUT_RECORD = sentences(
  'Number of offsets that have no record for these consumers: transaction markers, aborted and compacted records.',
  'They are neither skipped nor lag.',
);

const LOST = sentences(
  'Number of offsets that retention or DeleteRecords removed from the topic before the group read them.',
  'Counted once a consumer has met the gap.',
);

const INEXACT = sentences(
  'Which of these numbers are inexact, and why: the operator keeps up to 2,000 gaps per partition.',
  'Absent: all are exact.',
);

export const delivery = field(
  z.strictObject({
    produced: total('Number of records acknowledged by the brokers.'),
    consumed: total('Number of records processed, including duplicates.'),
    duplicated: total('Number of records processed again. Exact, counted by offset, unless inexact says otherwise.'),
    skipped: total(SKIPPED),
    withoutRecord: total(WITHOUT_RECORD).exactOptional(),
    lostToRetention: total(LOST).exactOptional(),
    inexact: field(text(1024), INEXACT).exactOptional(),
  }),
  'Whether each record was processed exactly once.',
);
