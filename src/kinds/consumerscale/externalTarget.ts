/**
 * The evidence about an external target. Its consumers report nothing, so the ConsumerScale records samples of their group
 * and its own changes.
 */
import type { ConsumerScale } from '../../api/consumerscale/consumerScale.ts';
import type { ConsumerScaleStatus } from '../../api/consumerscale/status.ts';
import type { Action } from '../../contract/actions.ts';
import type { Observed } from '../../contract/kind.ts';
import { progressing, stalled } from '../../contract/summary.ts';
import { epochMs, iso } from '../../contract/time.ts';
import { evidencePlace } from '../../domain/evidence/place.ts';
import { nextLagSample, report, scaled } from '../../domain/fold/operatorFacts.ts';
import type { RunFigures } from '../../domain/fold/runFigures.ts';
import { isUnknown, serversOf } from '../../domain/settings/connection.ts';
import { raise } from '../../domain/strimzi/kafkaTopic.ts';
import { bootstrapServers } from '../../domain/strimzi/listeners.ts';
import type { StrimziView } from '../../domain/strimzi/lookup.ts';
import type { ScheduleProgress } from './steps.ts';
import { failed, type ScaleSummary } from './summary.ts';
import { type Target, targetName } from './target.ts';

/** A missing topic or group is waited for up to 5 minutes, because its pods may have been started just now. */
const MISSING_MS = 5 * 60_000;

type Seen = Observed<ConsumerScale, RunFigures>;

export interface Preparation {
  /** What the status records from now on. */
  parts: Pick<ConsumerScaleStatus, 'evidence' | 'kafka' | 'waitingSince'>;
  actions: Action[];
  /** Why the steps cannot start or continue; absent: they can. */
  missing?: ScaleSummary;
}

/** What the steps need, in order. The first thing that is missing decides. `defaultServers`: without consumers.kafka. */
export function prepare(
  seen: Seen,
  target: Target,
  defaultServers: string,
  strimzi: StrimziView | undefined,
): Preparation {
  const { resource, kafka, evidence } = seen;
  const { status, metadata } = resource;
  const phase = phaseOf(resource);
  const unknownKafka = findKafka(seen, strimzi);
  if (unknownKafka !== undefined) return unknownKafka;
  if ('unavailable' in kafka) {
    const message = `${kafka.unavailable}; the operator retries every few seconds`;
    return { parts: {}, actions: [], missing: progressing(phase, 'KafkaUnavailable', message) };
  }
  const place = status?.evidence ?? evidencePlace(metadata.uid, kafka.known);
  const isNew = place !== undefined && status?.evidence === undefined;
  const byDefault = isNew && resource.spec.consumers?.kafka === undefined;
  const parts: Preparation['parts'] = {
    ...(place === undefined ? {} : { evidence: place }),
    ...(byDefault ? { kafka: { bootstrapServers: defaultServers } } : {}),
  };
  const absent = whatIsMissing(seen, target);
  if (absent !== undefined) return awaited(seen, ...absent, parts);
  if (status?.evidence === undefined) {
    const message = `waiting for evidence topic ${kafka.known.evidence.topic}`;
    return { parts, actions: [], missing: progressing(phase, 'PreparingEvidence', message) };
  }
  // The evidence includes the state of the group before the first step.
  if ('known' in evidence && evidence.known.lagSample === undefined) {
    const missing = progressing(phase, 'WaitingForEvidence', 'recording the first sample of the group');
    return { parts, actions: reports(seen, target, {}), missing };
  }
  return { parts, actions: [] };
}

const phaseOf = ({ status }: ConsumerScale) => (status?.startedAt === undefined ? 'Pending' : 'Running');

/** Reads the addresses from the Kafka resource of Strimzi; undefined: they are known. */
function findKafka(seen: Seen, strimzi: StrimziView | undefined): Preparation | undefined {
  const { spec, status } = seen.resource;
  const connection = spec.consumers?.kafka;
  if (strimzi === undefined || !isUnknown(connection, status?.kafka)) return undefined;
  const phase = phaseOf(seen.resource);
  if (strimzi.forbidden !== undefined) {
    return { parts: {}, actions: [], missing: stalled(phase, 'StrimziForbidden', strimzi.forbidden) };
  }
  const found = bootstrapServers(strimzi, connection?.strimzi?.listener);
  if ('refused' in found) return awaited(seen, 'KafkaNotUsable', found.refused, {});
  if ('waits' in found) return awaited(seen, 'WaitingForKafka', found.waits, {});
  const missing = progressing(phase, 'FindingKafka', `Kafka is at ${found.known.bootstrapServers}`);
  return { parts: { kafka: found.known }, actions: [], missing };
}

/** Waits up to 5 minutes, then the schedule fails. */
function awaited({ resource, now }: Seen, reason: string, sentence: string, parts: Preparation['parts']): Preparation {
  const since = epochMs(resource.status?.waitingSince) ?? now;
  const minutes = MISSING_MS / 60_000;
  if (now - since >= MISSING_MS) {
    return { parts, actions: [], missing: failed(reason, `${sentence} (waited ${minutes} minutes)`) };
  }
  const missing = progressing(phaseOf(resource), reason, `${sentence}; waiting at most ${minutes} minutes`);
  return { parts: { ...parts, waitingSince: iso(since) }, actions: [], missing };
}

function whatIsMissing({ resource, kafka }: Seen, target: Target): [reason: string, sentence: string] | undefined {
  const { spec, status } = resource;
  if (spec.consumers === undefined || !('known' in kafka)) return undefined;
  const { group, topic } = spec.consumers;
  if (kafka.known.topic == null) {
    return [
      'TopicMissing',
      `topic ${topic} does not exist: create it, or create another ConsumerScale with the right consumers.topic`,
    ];
  }
  const replicas = target.consumers?.replicas ?? 0;
  // A target with 0 replicas needs no group. Once steps run, they wait for their members themselves.
  if (kafka.known.group == null && replicas > 0 && status?.startedAt === undefined) {
    return [
      'GroupMissing',
      `group ${group} does not exist although ${targetName(resource)} has ${replicas} replicas: check the group.id of its consumers and their logs, or create another ConsumerScale with the right consumers.group`,
    ];
  }
  return undefined;
}

const RESETS_TO = { earliest: 'Earliest', latest: 'Latest', unknown: 'Unknown' } as const;

/** One Report of the facts that the evidence lacks. `change`: what the schedule changes in this round. */
export function reports(
  seen: Seen,
  target: Target,
  change: Pick<ScheduleProgress, 'consumers' | 'partitions'>,
): Action[] {
  const { resource, kafka, evidence, now } = seen;
  const place = resource.status?.evidence;
  if (!('known' in evidence) || place === undefined) return [];
  const { scaledTo } = evidence.known;
  const { consumers, partitions } = change;
  const replicas = target.consumers?.replicas ?? 0;
  const live = 'known' in kafka ? (kafka.known.topic?.partitions.length ?? 0) : 0;
  const sample = nextLagSample(kafka, evidence.known, RESETS_TO[resource.spec.consumers?.autoOffsetReset ?? 'unknown']);
  const facts = [
    ...(consumers === undefined || scaledTo.Consumers === consumers
      ? []
      : scaled('Consumers', replicas, consumers, now)),
    ...(partitions === undefined || scaledTo.Partitions === partitions
      ? []
      : scaled('Partitions', live, partitions, now)),
    ...(sample === undefined ? [] : [sample]),
  ];
  return report({ ...servers(resource), run: resource.metadata.uid, ...place }, facts);
}

const servers = ({ spec, status }: ConsumerScale) => serversOf(spec.consumers?.kafka, status?.kafka);

/**
 * Adds partitions through the KafkaTopic that manages the topic, because the Topic Operator would undo any other change.
 * Without a KafkaTopic it uses Kafka's Admin API.
 */
export function addPartitions(resource: ConsumerScale, partitions: number, strimzi: StrimziView | undefined): Action[] {
  const external = resource.spec.consumers;
  if (external === undefined) return [];
  // Without rights to read KafkaTopics the operator does not know whether there is one.
  if (strimzi?.forbidden !== undefined) return [];
  const topic = strimzi?.topic ?? null;
  if (topic === null) return [{ type: 'AddPartitions', ...servers(resource), topic: external.topic, partitions }];
  return raise(topic, partitions);
}
