/** Errors of clients, in status.producers and status.consumers of a LoadTest. */
import { z } from 'zod';
import { field, text } from '../../schema/schema.ts';
import { at, total } from '../../sharedStatus.ts';

const error = z.strictObject({
  code: field(text(256), 'Error code of Kafka or of the client library.'),
  message: field(text(1024), 'Error message of the client library.').exactOptional(),
  count: total('Number of occurrences.').exactOptional(),
  at: at('Time of the last occurrence.').exactOptional(),
});

export const errors = field(z.array(error).max(20), 'Errors reported by the clients. Absent: none.');
