/** The facts that the operator itself adds to the evidence of a LoadTest. */

import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { Action } from '../../contract/actions.ts';
import type { Observed } from '../../contract/kind.ts';
import type { LagSample, Scaled } from '../../domain/evidence/facts.ts';
import { report, scaled } from '../../domain/fold/operatorFacts.ts';
import type { RunFigures } from '../../domain/fold/runFigures.ts';
import { serversOf } from '../../domain/settings/connection.ts';

/** What the run scales to in this round. */
export interface ScaleTarget {
  producers: number;
  consumers: number;
  /** Absent: the topic keeps its partitions. */
  partitions?: number;
}

/** One Report, or none if the evidence is complete. `sample`: the lag sample of this round. */
export function reports(
  seen: Observed<LoadTest, RunFigures>,
  target: ScaleTarget,
  sample: LagSample | undefined,
): Action[] {
  const { spec, status, metadata } = seen.resource;
  const place = status?.evidence;
  if (!('known' in seen.evidence) || place === undefined) return [];
  const facts = [...scalings(seen, seen.evidence.known, target), ...(sample === undefined ? [] : [sample])];
  return report({ ...serversOf(spec.kafka, status?.kafka), run: metadata.uid, ...place }, facts);
}

function scalings(
  { kafka, now }: Observed<LoadTest, RunFigures>,
  { scaledTo }: RunFigures,
  target: ScaleTarget,
): Scaled[] {
  const { producers, consumers, partitions } = target;
  const live = 'known' in kafka ? (kafka.known.topic?.partitions.length ?? 0) : 0;
  return [
    ...scaled('Producers', scaledTo.Producers ?? 0, producers, now),
    ...scaled('Consumers', scaledTo.Consumers ?? 0, consumers, now),
    ...(partitions === undefined || scaledTo.Partitions === partitions
      ? []
      : scaled('Partitions', live, partitions, now)),
  ];
}
