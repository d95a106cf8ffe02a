/** The evidence of a run: its partition and offset in the evidence topic. */

import type { LoadTest } from '../../../api/loadtest/loadTest.ts';
import type { KafkaView } from '../../../contract/kafkaView.ts';
import type { Observed } from '../../../contract/kind.ts';
import { progressing } from '../../../contract/summary.ts';
import { evidencePlace } from '../../../domain/evidence/place.ts';
import { endOffsets } from '../../../domain/figures/appended.ts';
import type { RunFigures } from '../../../domain/fold/runFigures.ts';
import { type Preparation, type PreparationInput, waiting } from './preparation.ts';

/**
 * Where the evidence begins, and the state of group and topic before any client of the run was started. The operator's
 * default Kafka is recorded with it, so that the run stays where its evidence is.
 */
export function evidenceStart(
  { resource, kafka }: Observed<LoadTest, RunFigures>,
  defaultServers: string,
): PreparationInput['evidenceStart'] {
  if ('unavailable' in kafka) return {};
  const evidence = evidencePlace(resource.metadata.uid, kafka.known);
  if (evidence === undefined) return {};
  return {
    evidence,
    ...(resource.spec.kafka === undefined ? { kafka: { bootstrapServers: defaultServers } } : {}),
    ...(resource.spec.consumers === undefined ? {} : { groupCreated: kafka.known.group == null }),
    ...(resource.spec.producers === undefined
      ? {}
      : { endOffsetsAtStart: endOffsets(kafka.known.topic?.partitions ?? []) }),
  };
}

/** Waits until the place of the evidence is recorded. `prepared`: the answer of the steps before. */
export function haveEvidence(input: PreparationInput, { evidence }: KafkaView, prepared: Preparation): Preparation {
  if (prepared.missing !== undefined || input.recorded.evidence !== undefined) return prepared;
  const missing = progressing(input.phase, 'PreparingEvidence', `waiting for evidence topic ${evidence.topic}`);
  const { topic } = prepared;
  return waiting(input, missing, topic === undefined ? {} : { topic });
}
