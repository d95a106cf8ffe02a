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

export const delivery = field(
  z.strictObject({
    produced: total('Number of records acknowledged by the brokers.'),
    consumed: total('Number of records processed, including duplicates.'),
    duplicated: total('Number of records processed again. Exact, counted by offset.'),
    skipped: total(SKIPPED),
  }),
  'Whether each record was processed exactly once.',
);
