/** What the operator itself adds to the evidence of a LoadTest. */

import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { Action } from '../../contract/actions.ts';
import type { Observed } from '../../contract/kind.ts';
import type { LagSample, Scaled } from '../../domain/evidence/facts.ts';
import { report, scaled } from '../../domain/fold/operatorFacts.ts';
import { lastScaled, type Run } from '../../domain/fold/run.ts';
import { serversOf } from '../../domain/settings/connection.ts';

/** What should run from now on. */
export interface Asked {
  producers: number;
  consumers: number;
  /** Absent: as the topic is. */
  partitions?: number;
}

/** One Report, or none when the evidence has it all. `look`: the look at lag of this round. */
export function reports(seen: Observed<LoadTest, Run>, asked: Asked, look: LagSample | undefined): Action[] {
  const { spec, status, metadata } = seen.resource;
  const place = status?.evidence;
  if (!('known' in seen.evidence) || place === undefined) return [];
  const run = seen.evidence.known;
  const facts = [...scalings(seen, run, asked), ...(look === undefined ? [] : [look])];
  return report({ ...serversOf(spec.kafka, status?.kafka), run: metadata.uid, ...place }, facts);
}

function scalings({ kafka, now }: Observed<LoadTest, Run>, run: Run, asked: Asked): Scaled[] {
  const { producers, consumers, partitions } = asked;
  const live = 'known' in kafka ? (kafka.known.topic?.partitions.length ?? 0) : 0;
  return [
    ...scaled('Producers', lastScaled(run, 'Producers') ?? 0, producers, now),
    ...scaled('Consumers', lastScaled(run, 'Consumers') ?? 0, consumers, now),
    ...(partitions === undefined || lastScaled(run, 'Partitions') === partitions
      ? []
      : scaled('Partitions', live, partitions, now)),
  ];
}
