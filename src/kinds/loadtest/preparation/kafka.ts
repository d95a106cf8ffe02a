/** The Kafka cluster of a run: its addresses, and what happens while it is unavailable. */

import { progressing, stalled } from '../../../contract/summary.ts';
import { isUnknown } from '../../../domain/settings/connection.ts';
import { bootstrapServers } from '../../../domain/strimzi/listeners.ts';
import { isPrepared, type Preparation, type PreparationInput, waiting } from './preparation.ts';

/** Reads the addresses from the Kafka resource of Strimzi; undefined: they are known. */
export function findKafka(input: PreparationInput): Preparation | undefined {
  const { seen, strimzi, phase } = input;
  const { spec, status } = seen.resource;
  if (strimzi === undefined || !isUnknown(spec.kafka, status?.kafka)) return undefined;
  if (strimzi.forbidden !== undefined) return waiting(input, stalled(phase, 'StrimziForbidden', strimzi.forbidden));
  const found = bootstrapServers(strimzi, spec.kafka?.strimzi?.listener);
  if ('refused' in found) return waiting(input, stalled(phase, 'KafkaNotUsable', found.refused));
  if ('waits' in found) return waiting(input, progressing(phase, 'WaitingForKafka', found.waits));
  const missing = progressing(phase, 'FindingKafka', `Kafka is at ${found.known.bootstrapServers}`);
  return waiting(input, missing, { kafka: found.known });
}

/** Clients that run continue without a view of Kafka; others do not start. */
export function kafkaUnavailable(input: PreparationInput, why: string): Preparation {
  if (isPrepared(input) && input.started) return { ...input.recorded, actions: [] };
  return waiting(input, progressing(input.phase, 'KafkaUnavailable', `${why}; the operator retries every few seconds`));
}
