/**
 * What has to be there before clients may start, looked at in order; the first thing that is missing wins.
 * Intentions are in the status before they are carried out, so that an operator that dies in between
 * knows what it made.
 */

import type { LoadTest } from '../../../api/loadtest/loadTest.ts';
import type { LoadTestStatus } from '../../../api/loadtest/status.ts';
import type { Action } from '../../../contract/actions.ts';
import type { Observed } from '../../../contract/kind.ts';
import { progressing, type Summary, stalled } from '../../../contract/summary.ts';
import { evidencePlace } from '../../../domain/evidence/place.ts';
import { endOffsets } from '../../../domain/figures/appended.ts';
import type { RunFigures } from '../../../domain/fold/runFigures.ts';
import { isUnknown, serversOf } from '../../../domain/settings/connection.ts';
import { toKafkajsConsumer, toKafkajsProducer } from '../../../domain/settings/kafkajs.ts';
import { toLibrdkafka } from '../../../domain/settings/librdkafka.ts';
import { bootstrapServers } from '../../../domain/strimzi/listeners.ts';
import type { StrimziSight } from '../../../domain/strimzi/lookup.ts';
import { keepTopic, makeTopic, type ThroughKafkaTopic, whyNoStrimzi } from './strimziTopic.ts';

export interface Preparation {
  /** What the status records from now on. */
  kafka?: NonNullable<LoadTestStatus['kafka']>;
  topic?: NonNullable<LoadTestStatus['topic']>;
  evidence?: NonNullable<LoadTestStatus['evidence']>;
  groupCreated?: boolean;
  /** End offsets of the topic, summed, before any client of the run was started. */
  endOffsetsAtStart?: number;
  /** Partitions that the topic is being raised to. */
  raising?: number;
  actions: Action[];
  /** Why clients may not start yet; absent: they may. */
  missing?: Summary<LoadTestPhase>;
}

type LoadTestPhase = LoadTestStatus['phase'];

const servers = ({ spec, status }: LoadTest) => serversOf(spec.kafka, status?.kafka);

/** `sight`: what is seen of Strimzi, where its cluster is known. */
export function prepare(seen: Observed<LoadTest, RunFigures>, sight?: StrimziSight): Preparation {
  const { resource, kafka } = seen;
  const { spec, status } = resource;
  const recorded = {
    ...(status?.kafka === undefined ? {} : { kafka: status.kafka }),
    ...(status?.topic === undefined ? {} : { topic: status.topic }),
    ...(status?.evidence === undefined ? {} : { evidence: status.evidence }),
    ...(status?.consumers?.groupCreated === undefined ? {} : { groupCreated: status.consumers.groupCreated }),
    ...(status?.producers?.endOffsetsAtStart === undefined
      ? {}
      : { endOffsetsAtStart: status.producers.endOffsetsAtStart }),
  };
  const phase: LoadTestPhase = status?.preparedAt === undefined ? 'Pending' : 'Running';
  const waits = (missing: Summary<LoadTestPhase>, rest: Partial<Preparation> = {}): Preparation => ({
    ...recorded,
    ...place,
    actions: [],
    ...rest,
    missing,
  });
  // Where the evidence of this run begins: before any client of it has been started.
  const place = recorded.evidence === undefined ? begin(seen) : {};

  const refused = refusedSettings(resource);
  if (refused.length > 0) return waits(stalled(phase, 'InvalidSettings', refused.join('; ')));

  if (sight !== undefined && isUnknown(spec.kafka, status?.kafka)) {
    if (sight.forbidden !== undefined) return waits(stalled(phase, 'StrimziForbidden', sight.forbidden));
    const found = bootstrapServers(sight, spec.kafka?.strimzi?.listener);
    if ('refused' in found) return waits(stalled(phase, 'KafkaNotUsable', found.refused));
    if ('waits' in found) return waits(progressing(phase, 'WaitingForKafka', found.waits));
    const missing = progressing(phase, 'FindingKafka', `Kafka is at ${found.known}`);
    return waits(missing, { kafka: { bootstrapServers: found.known } });
  }

  const topicSeen = (recorded.topic?.partitions ?? 0) > 0;
  const begun = topicSeen && recorded.evidence !== undefined;
  const going = status?.preparedAt !== undefined || seen.owned.length > 0;
  if ('unavailable' in kafka) {
    // Clients that run need no look at Kafka to go on.
    if (begun && going) return { ...recorded, actions: [] };
    return waits(progressing(phase, 'KafkaUnavailable', `${kafka.unavailable}; it is tried again every few seconds`));
  }
  const view = kafka.known;

  // ---- the topic
  const { name, partitions, replicas, management, config } = spec.topic;
  const live = view.topic;
  const byAdmin = recorded.topic?.created === true && recorded.topic.managedBy === 'Admin';
  const strimzi =
    sight?.apiVersion === undefined || management === 'Existing' || management === 'Admin' || byAdmin
      ? undefined
      : { seen, sight, apiVersion: sight.apiVersion, phase, going };
  const through = ({ topic, actions, missing }: ThroughKafkaTopic): Preparation => {
    const { topic: _before, ...rest } = recorded;
    const raising = live != null && live.partitions.length < partitions ? { raising: partitions } : {};
    return {
      ...rest,
      ...place,
      ...(topic === undefined ? {} : { topic }),
      ...raising,
      actions,
      ...(missing === undefined ? {} : { missing }),
    };
  };
  if (strimzi !== undefined && sight?.forbidden !== undefined) {
    // Whether a KafkaTopic has the topic is not known, so nothing is asked of Kafka either. What runs goes on.
    const has = live?.partitions.length ?? 0;
    if (begun && going && has >= partitions) return { ...recorded, actions: [] };
    return waits(stalled(phase, 'StrimziForbidden', sight.forbidden));
  }
  const failureOf = (type: Action['type']) => seen.failures.find(({ action }) => action.type === type);
  if (live === undefined || live === null) {
    if (status?.preparedAt !== undefined) {
      return waits(
        stalled(
          'Running',
          'TopicMissing',
          `topic ${name} is gone: somebody deleted it while the run was going on; delete this LoadTest and create it again`,
        ),
      );
    }
    if (management === 'Existing') {
      return waits(
        stalled(
          'Pending',
          'TopicMissing',
          `topic ${name} does not exist and topic.management is Existing: create the topic, or create another LoadTest with management: Auto`,
        ),
      );
    }
    // What was in a topic that has been deleted since is gone with it.
    if (recorded.endOffsetsAtStart !== undefined) recorded.endOffsetsAtStart = 0;
    const unable = whyNoStrimzi(resource, sight);
    if (unable !== undefined) return waits(unable);
    if (replicas > view.brokers.length && (sight?.topic ?? null) === null) {
      return waits(
        stalled(
          'Pending',
          'TooManyReplicas',
          `topic.replicas is ${replicas}, but the cluster has ${view.brokers.length} brokers: create another LoadTest with replicas: ${view.brokers.length} or fewer, or add brokers`,
        ),
      );
    }
    if (strimzi !== undefined) return through(makeTopic(strimzi));
    const failure = failureOf('CreateTopic');
    if (failure?.reason === 'Refused') {
      // It was not made: should somebody else make it now, it is theirs.
      const { topic: _claimed, ...rest } = recorded;
      const missing = stalled('Pending' as const, 'TopicRefused', `Kafka refuses: ${failure.message}`);
      return { ...rest, ...place, actions: [], missing };
    }
    const trouble = failure === undefined ? '' : `: ${failure.message}; it is tried again`;
    const creating = progressing(
      'Pending',
      'CreatingTopic',
      `creating topic ${name} with ${partitions} partitions${trouble}`,
    );
    if (!recorded.topic?.created) {
      return waits(creating, { topic: { partitions: 0, replicas: 0, managedBy: 'Admin', created: true } });
    }
    return waits(creating, {
      actions: [{ type: 'CreateTopic', ...servers(resource), topic: name, partitions, replicas, config }],
    });
  }

  const enough = live.partitions.length >= partitions;
  const unable = going && enough ? undefined : whyNoStrimzi(resource, sight);
  if (unable !== undefined) return waits({ ...unable, phase });
  const kept = strimzi === undefined ? undefined : keepTopic(strimzi, live);
  if (kept !== undefined && (kept.missing !== undefined || recorded.evidence !== undefined)) return through(kept);

  // A claim to a topic that was to come by a KafkaTopic is none to one that is there without.
  const created = strimzi === undefined && (recorded.topic?.created ?? false);
  const managedBy = recorded.topic?.managedBy === 'Strimzi' ? ('Strimzi' as const) : ('Admin' as const);
  const topic = kept?.topic ?? {
    partitions: live.partitions.length,
    replicas: live.partitions[0]?.replicas.length ?? 0,
    managedBy: created ? managedBy : ('Existing' as const),
    created,
  };
  const actions: Action[] = [];
  if (!enough && kept === undefined) {
    if (management === 'Existing') {
      return waits(
        stalled(
          phase,
          'TooFewPartitions',
          `topic ${name} has ${live.partitions.length} partitions, topic.partitions asks for ${partitions}, and topic.management is Existing: add the partitions yourself, or create another LoadTest with management: Auto`,
        ),
        { topic },
      );
    }
    const failure = failureOf('AddPartitions');
    if (failure?.reason === 'Refused') {
      return waits(stalled(phase, 'TopicRefused', `Kafka refuses: ${failure.message}`), { topic });
    }
    actions.push({ type: 'AddPartitions', ...servers(resource), topic: name, partitions });
    if (!begun) {
      const message = `raising topic ${name} to ${partitions} partitions`;
      return waits(progressing(phase, 'AddingPartitions', message), { topic, actions });
    }
  }

  if (recorded.evidence === undefined) {
    return waits(progressing(phase, 'PreparingEvidence', `waiting for topic ${view.evidence.topic}`), { topic });
  }
  return { ...recorded, topic, actions, ...(enough ? {} : { raising: partitions }) };
}

function begin({
  resource,
  kafka,
}: Observed<LoadTest, RunFigures>): Pick<Preparation, 'evidence' | 'groupCreated' | 'endOffsetsAtStart'> {
  if ('unavailable' in kafka) return {};
  const evidence = evidencePlace(resource.metadata.uid, kafka.known);
  if (evidence === undefined) return {};
  return {
    evidence,
    ...(resource.spec.consumers === undefined ? {} : { groupCreated: kafka.known.group == null }),
    ...(resource.spec.producers === undefined
      ? {}
      : { endOffsetsAtStart: endOffsets(kafka.known.topic?.partitions ?? []) }),
  };
}

/** Sentences, one for each setting that the client can't take. */
export function refusedSettings({ spec }: LoadTest): string[] {
  const { producers, consumers } = spec;
  const translated = [
    producers &&
      (producers.client === 'kafkajs'
        ? toKafkajsProducer(producers.config)
        : toLibrdkafka('Producer', producers.config)),
    consumers &&
      (consumers.client === 'kafkajs'
        ? toKafkajsConsumer(consumers.config)
        : toLibrdkafka('Consumer', consumers.config)),
  ];
  return translated.flatMap((part) => (part !== undefined && 'refused' in part ? part.refused : []));
}
