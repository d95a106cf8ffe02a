/** The Kafka cluster of a run: its addresses, and what happens while it is unavailable. */

import { progressing, stalled } from '../../../contract/summary.ts';
import { epochMs } from '../../../contract/time.ts';
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
  const waits = `${why}; the operator retries every few seconds`;
  const since = epochMs(input.seen.resource.status?.startedAt) ?? input.seen.now;
  const starting = COORDINATOR_STARTS.test(why) && input.seen.now - since < COORDINATOR_STARTS_MS;
  return waiting(input, progressing(input.phase, starting ? 'WaitingForKafka' : 'KafkaUnavailable', waits));
}

/** Kafka's errors while it creates or loads its topic __consumer_offsets, as a fresh cluster does for its first group. */
const COORDINATOR_STARTS = /\bCOORDINATOR_(NOT_AVAILABLE|LOAD_IN_PROGRESS)\b/;
/** A start takes no longer; after it the coordinator is in trouble. */
const COORDINATOR_STARTS_MS = 30_000;
