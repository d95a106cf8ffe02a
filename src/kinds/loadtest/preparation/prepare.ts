/**
 * The steps of the preparation, in order. The first one with something missing decides.
 * Every intention is recorded in the status before it is carried out, so that an operator that dies in between knows
 * what it has created.
 */

import type { LoadTest } from '../../../api/loadtest/loadTest.ts';
import type { Observed } from '../../../contract/kind.ts';
import { stalled } from '../../../contract/summary.ts';
import type { RunFigures } from '../../../domain/fold/runFigures.ts';
import type { StrimziView } from '../../../domain/strimzi/lookup.ts';
import type { TranslatedSettings } from '../settings.ts';
import { evidenceStart, haveEvidence } from './evidence.ts';
import { findKafka, kafkaUnavailable } from './kafka.ts';
import { type Preparation, type PreparationInput, type Recorded, waiting } from './preparation.ts';
import { haveTopic } from './topic.ts';
import { answeredTopic } from './topicOwner.ts';

/** `defaultServers`: addresses for LoadTests without spec.kafka. */
export function prepare(
  seen: Observed<LoadTest, RunFigures>,
  settings: TranslatedSettings,
  defaultServers: string,
  strimzi?: StrimziView,
): Preparation {
  const { resource, kafka, owned } = seen;
  const { status } = resource;
  const recorded = recordedIn(seen);
  const input: PreparationInput = {
    seen,
    strimzi,
    phase: status?.preparedAt === undefined ? 'Pending' : 'Running',
    started: status?.preparedAt !== undefined || owned.length > 0,
    recorded,
    evidenceStart: recorded.evidence === undefined ? evidenceStart(seen, defaultServers) : {},
  };
  const unusable = refusedSettings(input, settings) ?? findKafka(input);
  if (unusable !== undefined) return unusable;
  if ('unavailable' in kafka) return kafkaUnavailable(input, kafka.unavailable);
  return haveEvidence(input, kafka.known, haveTopic(input, kafka.known));
}

function recordedIn(seen: Observed<LoadTest, RunFigures>): Recorded {
  const { status } = seen.resource;
  const topic = answeredTopic(status?.topic, seen);
  return {
    ...(status?.kafka === undefined ? {} : { kafka: status.kafka }),
    ...(topic === undefined ? {} : { topic }),
    ...(status?.evidence === undefined ? {} : { evidence: status.evidence }),
    ...(status?.consumers?.groupCreated === undefined ? {} : { groupCreated: status.consumers.groupCreated }),
    ...(status?.producers?.endOffsetsAtStart === undefined
      ? {}
      : { endOffsetsAtStart: status.producers.endOffsetsAtStart }),
  };
}

function refusedSettings(input: PreparationInput, settings: TranslatedSettings): Preparation | undefined {
  if (!('refused' in settings)) return undefined;
  return waiting(input, stalled(input.phase, 'InvalidSettings', settings.refused.join('; ')));
}
