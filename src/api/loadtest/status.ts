/** status of a LoadTest. */
import { z } from 'zod';
import { field, sentences } from '../schema/schema.ts';
import * as shared from '../sharedStatus.ts';
import { at, ms } from '../sharedStatus.ts';
import { consumers } from './status/consumers.ts';
import { delivery } from './status/delivery.ts';
import { keys } from './status/keys.ts';
import { producers } from './status/producers.ts';
import { topic } from './status/topic.ts';

export const LOAD_TEST_PHASES = ['Pending', 'Preparing', 'Running', 'Completed', 'Failed', 'Suspended'] as const;

const PHASE = sentences(
  'Phase of the run.',
  'Pending: not started.',
  'Preparing: topic and clients are being created.',
  'Running: all clients have been ready.',
  'Completed: all messages are done, or spec.duration is over.',
  'Failed: the run ended with messages that were not acknowledged.',
  'Suspended: spec.suspend is true.',
);

export const status = field(
  z.strictObject({
    phase: shared.phase(LOAD_TEST_PHASES, PHASE),
    observedGeneration: shared.observedGeneration,
    conditions: shared.conditions,
    startedAt: at('Time at which preparation started.').exactOptional(),
    preparedAt: at(
      'Time at which all clients were ready for the first time. spec.duration counts from here.',
    ).exactOptional(),
    suspendedAt: at(
      'Time of the latest suspension. spec.duration does not count from here until all clients are ready again.',
    ).exactOptional(),
    suspendedMs: ms(
      'Total time of earlier suspensions, in ms. It does not count towards spec.duration.',
    ).exactOptional(),
    finishedAt: at('Time at which the run ended.').exactOptional(),
    stoppedAt: at(
      'Time at which the last client had stopped. Its last reports may still have to be read.',
    ).exactOptional(),
    evidence: shared.evidence.exactOptional(),
    kafka: shared.kafkaFound.exactOptional(),
    topic: topic.exactOptional(),
    producers: producers.exactOptional(),
    keys: keys.exactOptional(),
    consumers: consumers.exactOptional(),
    delivery: delivery.exactOptional(),
    lag: shared.lag.exactOptional(),
    rebalances: shared.rebalances.exactOptional(),
    truncated: shared.truncated.exactOptional(),
  }),
  'Progress and figures of the run.',
);

export type LoadTestStatus = z.output<typeof status>;
