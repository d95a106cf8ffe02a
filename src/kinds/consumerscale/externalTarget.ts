/**
 * Somebody else's consumers report nothing, so the ConsumerScale keeps the evidence: what Kafka says of their group,
 * look by look, and what it scaled itself.
 */
import type { ConsumerScale } from '../../api/consumerscale/consumerScale.ts';
import type { ConsumerScaleStatus } from '../../api/consumerscale/status.ts';
import type { Action } from '../../contract/actions.ts';
import type { Observed } from '../../contract/kind.ts';
import { progressing, stalled } from '../../contract/summary.ts';
import { epochMs, iso } from '../../contract/time.ts';
import { evidencePlace } from '../../domain/evidence/place.ts';
import { lookAtLag, report, scaled } from '../../domain/fold/operatorFacts.ts';
import type { RunFigures } from '../../domain/fold/runFigures.ts';
import { isUnknown, serversOf } from '../../domain/settings/connection.ts';
import { partitionsAsked } from '../../domain/strimzi/kafkaTopic.ts';
import { bootstrapServers } from '../../domain/strimzi/listeners.ts';
import type { StrimziSight } from '../../domain/strimzi/lookup.ts';
import { failed, type Saying } from './standing.ts';
import type { Progress } from './steps.ts';
import { type Target, targetName } from './target.ts';

/** A topic or group that is missing is waited for this long: their pods may have been started just now. */
const MISSING_MS = 5 * 60_000;

type Seen = Observed<ConsumerScale, RunFigures>;

export interface Preparation {
  /** What the status records from now on. */
  parts: Pick<ConsumerScaleStatus, 'evidence' | 'kafka' | 'waitingSince'>;
  actions: Action[];
  /** Why the steps can't begin or go on; absent: they can. */
  missing?: Saying;
}

/** What has to be there, looked at in order; the first thing that is missing wins. */
export function prepare(seen: Seen, target: Target, sight: StrimziSight | undefined): Preparation {
  const { resource, kafka, now } = seen;
  const { status, metadata, spec } = resource;
  const phase = status?.startedAt === undefined ? 'Pending' : 'Running';
  /** Waited for, and then no longer. */
  const awaited = (reason: string, sentence: string, parts: Preparation['parts']): Preparation => {
    const since = epochMs(status?.waitingSince) ?? now;
    const minutes = MISSING_MS / 60_000;
    if (now - since >= MISSING_MS) {
      return { parts, actions: [], missing: failed(reason, `${sentence} (waited ${minutes} minutes)`) };
    }
    const waits = progressing(phase, reason, `${sentence}; it is waited for, ${minutes} minutes at most`);
    return { parts: { ...parts, waitingSince: iso(since) }, actions: [], missing: waits };
  };
  const connection = spec.consumers?.kafka;
  if (sight !== undefined && isUnknown(connection, status?.kafka)) {
    if (sight.forbidden !== undefined) {
      return { parts: {}, actions: [], missing: stalled(phase, 'StrimziForbidden', sight.forbidden) };
    }
    const found = bootstrapServers(sight, connection?.strimzi?.listener);
    if ('refused' in found) return awaited('KafkaNotUsable', found.refused, {});
    if ('waits' in found) return awaited('WaitingForKafka', found.waits, {});
    const missing = progressing(phase, 'FindingKafka', `Kafka is at ${found.known}`);
    return { parts: { kafka: { bootstrapServers: found.known } }, actions: [], missing };
  }
  if ('unavailable' in kafka) {
    const message = `${kafka.unavailable}; it is tried again every few seconds`;
    return { parts: {}, actions: [], missing: progressing(phase, 'KafkaUnavailable', message) };
  }
  const place = status?.evidence ?? evidencePlace(metadata.uid, kafka.known);
  const parts: Preparation['parts'] = place === undefined ? {} : { evidence: place };
  const absent = whatIsMissing(seen, target);
  if (absent !== undefined) {
    const [reason, sentence] = absent;
    return awaited(reason, sentence, parts);
  }
  if (status?.evidence === undefined) {
    const waits = progressing(phase, 'PreparingEvidence', `waiting for topic ${kafka.known.evidence.topic}`);
    return { parts, actions: [], missing: waits };
  }
  // What the group was like before the first step is part of the record.
  if ('known' in seen.evidence && seen.evidence.known.lagSample === undefined) {
    const waits = progressing(phase, 'WaitingForEvidence', 'the first look at the group is being recorded');
    return { parts, actions: reports(seen, target, {}), missing: waits };
  }
  return { parts, actions: [] };
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
  // Without consumers there need be no group, and once steps run they wait for their members themselves.
  if (kafka.known.group == null && replicas > 0 && status?.startedAt === undefined) {
    return [
      'GroupMissing',
      `group ${group} does not exist although ${targetName(resource)} has ${replicas} replicas: check the group.id of its consumers and their logs, or create another ConsumerScale with the right consumers.group`,
    ];
  }
  return undefined;
}

/** One Report of what the evidence does not have yet; `asked`: what is changed in this round. */
export function reports(seen: Seen, target: Target, asked: Pick<Progress, 'consumers' | 'partitions'>): Action[] {
  const { resource, kafka, evidence, now } = seen;
  const place = resource.status?.evidence;
  if (!('known' in evidence) || place === undefined) return [];
  const { scaledTo } = evidence.known;
  const { consumers, partitions } = asked;
  const replicas = target.consumers?.replicas ?? 0;
  const live = 'known' in kafka ? (kafka.known.topic?.partitions.length ?? 0) : 0;
  const look = lookAtLag(kafka, evidence.known);
  const facts = [
    ...(consumers === undefined || scaledTo.Consumers === consumers
      ? []
      : scaled('Consumers', replicas, consumers, now)),
    ...(partitions === undefined || scaledTo.Partitions === partitions
      ? []
      : scaled('Partitions', live, partitions, now)),
    ...(look === undefined ? [] : [look]),
  ];
  return report({ ...servers(resource), run: resource.metadata.uid, ...place }, facts);
}

const servers = ({ spec, status }: ConsumerScale) => serversOf(spec.consumers?.kafka, status?.kafka);

/**
 * One rule for more partitions: through the KafkaTopic that stands for the topic where there is one (the Topic Operator would
 * not have it otherwise), else by Kafka's Admin API.
 */
export function raise(resource: ConsumerScale, partitions: number, sight: StrimziSight | undefined): Action[] {
  const theirs = resource.spec.consumers;
  if (theirs === undefined) return [];
  // It is not known whether there is one.
  if (sight?.forbidden !== undefined) return [];
  const topic = sight?.topic ?? null;
  if (topic === null) return [{ type: 'AddPartitions', ...servers(resource), topic: theirs.topic, partitions }];
  if (partitionsAsked(topic) >= partitions) return [];
  const { apiVersion, kind, metadata } = topic;
  const { namespace = '', name } = metadata;
  return [{ type: 'Patch', target: { apiVersion, kind, namespace, name }, spec: { partitions } }];
}
