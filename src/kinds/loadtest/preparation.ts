/**
 * What has to be there before clients may start, looked at in order; the first thing that is missing wins.
 * Intentions are in the status before they are carried out, so that an operator that dies in between
 * knows what it made.
 */
import type { Action, Observed } from '../../api/kind.ts';
import type { LoadTest, LoadTestStatus } from '../../api/loadTest.ts';
import { moving, type Standing, stalled } from '../../api/standing.ts';
import { evidencePlace } from '../../domain/evidencePlace.ts';
import { toKafkajsConsumer, toKafkajsProducer } from '../../domain/kafkajsSettings.ts';
import { toLibrdkafka } from '../../domain/kafkaSettings.ts';
import type { Run } from '../../domain/run.ts';

export interface Preparation {
  /** What the status records from now on. */
  topic?: NonNullable<LoadTestStatus['topic']>;
  evidence?: NonNullable<LoadTestStatus['evidence']>;
  groupCreated?: boolean;
  actions: Action[];
  /** Why clients may not start yet; absent: they may. */
  missing?: Standing<LoadTestPhase>;
}

type LoadTestPhase = LoadTestStatus['phase'];

const servers = ({ spec }: LoadTest) =>
  spec.kafka === undefined ? {} : { bootstrapServers: spec.kafka.bootstrapServers };

export function prepare(seen: Observed<LoadTest, Run>): Preparation {
  const { resource, kafka } = seen;
  const { spec, status } = resource;
  const recorded = {
    ...(status?.topic === undefined ? {} : { topic: status.topic }),
    ...(status?.evidence === undefined ? {} : { evidence: status.evidence }),
    ...(status?.consumers?.groupCreated === undefined ? {} : { groupCreated: status.consumers.groupCreated }),
  };
  const phase = status?.preparedAt === undefined ? 'Pending' : 'Running';
  const waits = (missing: Standing<LoadTestPhase>, rest: Partial<Preparation> = {}): Preparation => ({
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

  const topicSeen = (recorded.topic?.partitions ?? 0) > 0;
  const begun = topicSeen && recorded.evidence !== undefined;
  if ('unavailable' in kafka) {
    // Clients that run need no look at Kafka to go on.
    if (begun && (status?.preparedAt !== undefined || seen.owned.length > 0)) return { ...recorded, actions: [] };
    return waits(moving(phase, 'KafkaUnavailable', `${kafka.unavailable}; it is tried again every few seconds`));
  }
  const view = kafka.known;

  // ---- the topic
  const { name, partitions, replicas, management, config } = spec.topic;
  const live = view.topic;
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
    if (replicas > view.brokers.length) {
      return waits(
        stalled(
          'Pending',
          'TooManyReplicas',
          `topic.replicas is ${replicas}, but the cluster has ${view.brokers.length} brokers: create another LoadTest with replicas: ${view.brokers.length} or fewer, or add brokers`,
        ),
      );
    }
    const failure = failureOf('CreateTopic');
    if (failure?.reason === 'Refused') {
      // It was not made: should somebody else make it now, it is theirs.
      const { topic: _claimed, ...rest } = recorded;
      const missing = stalled('Pending' as const, 'TopicRefused', `Kafka refuses: ${failure.message}`);
      return { ...rest, ...place, actions: [], missing };
    }
    const trouble = failure === undefined ? '' : `: ${failure.message}; it is tried again`;
    const creating = moving(
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

  const created = recorded.topic?.created ?? false;
  const topic = {
    partitions: live.partitions.length,
    replicas: live.partitions[0]?.replicas.length ?? 0,
    managedBy: created ? ('Admin' as const) : ('Existing' as const),
    created,
  };
  const actions: Action[] = [];
  if (live.partitions.length < partitions) {
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
      return waits(moving(phase, 'AddingPartitions', message), { topic, actions });
    }
  }

  if (recorded.evidence === undefined) {
    return waits(moving(phase, 'PreparingEvidence', `waiting for topic ${view.evidence.topic}`), { topic });
  }
  return { ...recorded, topic, actions };
}

function begin({ resource, kafka }: Observed<LoadTest, Run>): Pick<Preparation, 'evidence' | 'groupCreated'> {
  if ('unavailable' in kafka) return {};
  const evidence = evidencePlace(resource.metadata.uid, kafka.known);
  if (evidence === undefined) return {};
  return {
    evidence,
    ...(resource.spec.consumers === undefined ? {} : { groupCreated: kafka.known.group == null }),
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
