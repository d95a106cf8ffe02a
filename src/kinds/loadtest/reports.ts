/** What the operator itself adds to the evidence of a LoadTest. */

import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { Action } from '../../contract/actions.ts';
import type { Observed } from '../../contract/kind.ts';
import type { LagSample, Scaled } from '../../domain/evidence/facts.ts';
import { report, scaled } from '../../domain/fold/operatorFacts.ts';
import type { RunFigures } from '../../domain/fold/runFigures.ts';
import { serversOf } from '../../domain/settings/connection.ts';

/** What should run from now on. */
export interface Asked {
  producers: number;
  consumers: number;
  /** Absent: as the topic is. */
  partitions?: number;
}

/** One Report, or none when the evidence has it all. `look`: the look at lag of this round. */
export function reports(seen: Observed<LoadTest, RunFigures>, asked: Asked, look: LagSample | undefined): Action[] {
  const { spec, status, metadata } = seen.resource;
  const place = status?.evidence;
  if (!('known' in seen.evidence) || place === undefined) return [];
  const facts = [...scalings(seen, seen.evidence.known, asked), ...(look === undefined ? [] : [look])];
  return report({ ...serversOf(spec.kafka, status?.kafka), run: metadata.uid, ...place }, facts);
}

function scalings({ kafka, now }: Observed<LoadTest, RunFigures>, { scaledTo }: RunFigures, asked: Asked): Scaled[] {
  const { producers, consumers, partitions } = asked;
  const live = 'known' in kafka ? (kafka.known.topic?.partitions.length ?? 0) : 0;
  return [
    ...scaled('Producers', scaledTo.Producers ?? 0, producers, now),
    ...scaled('Consumers', scaledTo.Consumers ?? 0, consumers, now),
    ...(partitions === undefined || scaledTo.Partitions === partitions
      ? []
      : scaled('Partitions', live, partitions, now)),
  ];
}
