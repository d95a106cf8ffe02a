/** The topic of a LoadTest by way of Strimzi: what the KafkaTopic should say, and what it lets the run do. */

import type { LoadTest } from '../../../api/loadtest/loadTest.ts';
import type { LoadTestStatus } from '../../../api/loadtest/status.ts';
import type { Action } from '../../../contract/actions.ts';
import type { TopicView } from '../../../contract/kafkaView.ts';
import type { Observed } from '../../../contract/kind.ts';
import type { KubernetesObject } from '../../../contract/kubernetes.ts';
import { progressing, type Summary, stalled } from '../../../contract/summary.ts';
import type { EpochMs } from '../../../contract/time.ts';
import { epochMs, iso } from '../../../contract/time.ts';
import type { RunFigures } from '../../../domain/fold/runFigures.ts';
import { isUnknown } from '../../../domain/settings/connection.ts';
import {
  isMadeFor,
  judgeKafkaTopic,
  kafkaTopic,
  named,
  partitionsAsked,
  type TopicVerdict,
} from '../../../domain/strimzi/kafkaTopic.ts';
import {
  lookAtStrimzi,
  type Sought,
  type StrimziSight,
  strimziCluster,
  withRights,
} from '../../../domain/strimzi/lookup.ts';
import { kafkaTopicName, type StrimziCluster, topicOf } from '../../../domain/strimzi/resources.ts';

/** The Topic Operator acts within seconds; one that says nothing for this long is looked for. */
const SILENT_MS = 60_000;

type Phase = LoadTestStatus['phase'];
type Topic = NonNullable<LoadTestStatus['topic']>;

/** What of Strimzi is looked at; undefined: nothing. */
export function soughtOf(
  { spec, status, metadata }: LoadTest,
  byDefault: StrimziCluster | undefined,
): Sought | undefined {
  const place = status?.topic?.kafkaTopic;
  const at =
    place === undefined
      ? strimziCluster(spec.kafka, metadata.namespace, byDefault)
      : { cluster: place.cluster, namespace: place.namespace };
  if (at === undefined) return undefined;
  const { management, name, partitions } = spec.topic;
  const made = status?.topic?.created === true ? status.topic.managedBy : undefined;
  const deleting = metadata.deletionTimestamp !== undefined;
  const mayHave = (management === 'Auto' || management === 'Strimzi') && made !== 'Admin';
  const topic = deleting ? made === 'Strimzi' : mayHave;
  const kafka = !deleting && isUnknown(spec.kafka, status?.kafka);
  // One that runs on a topic without a KafkaTopic looks for none again, unless it needs one to ask for more partitions.
  const has = status?.topic?.partitions ?? 0;
  const byName = !deleting && place === undefined && status?.preparedAt !== undefined && has >= partitions;
  return topic || kafka ? { at, kafka, ...(topic ? { topic: name, known: place?.name, byName } : {}) } : undefined;
}

export function sightOf(
  { resource, objects }: Observed<LoadTest, RunFigures>,
  byDefault: StrimziCluster | undefined,
): StrimziSight | undefined {
  const sought = soughtOf(resource, byDefault);
  return sought === undefined ? undefined : lookAtStrimzi(sought, objects).sight;
}

/** Under management: Strimzi, why there can't be a KafkaTopic. */
export function whyNoStrimzi({ spec }: LoadTest, sight: StrimziSight | undefined): Summary<Phase> | undefined {
  if (spec.topic.management !== 'Strimzi' || sight?.apiVersion !== undefined) return undefined;
  return sight === undefined
    ? stalled(
        'Pending',
        'NoStrimziCluster',
        'topic.management is Strimzi, but the Kafka resource of the operator’s own Kafka is not known: start the operator with STRIMZI_CLUSTER and STRIMZI_NAMESPACE, or create another LoadTest with kafka: {strimzi: {cluster: my-cluster, namespace: kafka}}',
      )
    : stalled(
        'Pending',
        'NoKafkaTopics',
        'topic.management is Strimzi, but the API server has no KafkaTopic of kafka.strimzi.io (v1 or v1beta2): install Strimzi, or create another LoadTest with topic.management: Admin',
      );
}

export interface ThroughKafkaTopic {
  /** What the status records; absent: it forgets that this LoadTest made one. */
  topic?: Topic;
  actions: Action[];
  missing?: Summary<Phase>;
}

export interface Round {
  seen: Observed<LoadTest, RunFigures>;
  sight: StrimziSight;
  apiVersion: string;
  phase: Phase;
  /** Clients run, or have run. */
  going: boolean;
}

/** `kafkaTopic`: its metadata.name. */
const claim = ({ cluster, namespace }: StrimziCluster, kafkaTopic: string): Topic => ({
  partitions: 0,
  replicas: 0,
  managedBy: 'Strimzi',
  created: true,
  kafkaTopic: { cluster, namespace, name: kafkaTopic },
});

/** Kafka has no such topic yet. */
export function makeTopic(round: Round): ThroughKafkaTopic {
  const { seen, sight } = round;
  const { spec, status, metadata } = seen.resource;
  const { name, partitions } = spec.topic;
  const found = sight.topic;
  if (found === null) {
    if (sight.taken !== null) {
      const why = `${named(sight.taken)} stands for topic ${topicOf(sight.taken)}, so there can't be one of that name for topic ${name}: create another LoadTest with another topic.name, or with topic.management: Admin`;
      return { actions: [], missing: stalled('Pending', 'KafkaTopicConflict', why) };
    }
    const what = `KafkaTopic ${sight.at.namespace}/${kafkaTopicName(name)}`;
    const failure = seen.failures.find(({ action }) => action.type === 'ApplyObject');
    if (failure?.reason === 'Refused') return { actions: [], missing: refused('Pending', failure.message, sight.at) };
    const trouble = failure === undefined ? '' : `: ${failure.message}; it is tried again`;
    const missing = progressing<Phase>(
      'Pending',
      'CreatingTopic',
      `creating ${what} with ${partitions} partitions${trouble}`,
    );
    const claimed = status?.topic?.created === true ? status.topic : undefined;
    return {
      topic: claimed ?? claim(sight.at, kafkaTopicName(name)),
      actions: claimed ? [applied(round, partitions)] : [],
      missing,
    };
  }
  const ours = isMadeFor(found, metadata.uid);
  const claimed = claim(sight.at, found.metadata.name);
  const topic: Topic = ours ? claimed : { ...claimed, managedBy: 'Existing', created: false };
  const verdict = judgeKafkaTopic(found, sight.at);
  const { namespace, cluster } = sight.at;
  return {
    actions: ours && partitionsAsked(found) < partitions ? [applied(round, partitions)] : [],
    ...awaited(round, topic, 'CreatingTopic', verdict, {
      why: `${named(found)} is Ready, but Kafka has no topic ${name}`,
      check: `check that Kafka ${namespace}/${cluster} is the cluster that this LoadTest uses`,
    }),
  };
}

/** Kafka has the topic. undefined: no KafkaTopic has to do with it. */
export function keepTopic(round: Round, live: TopicView): ThroughKafkaTopic | undefined {
  const { seen, sight, phase, going } = round;
  const { spec, status, metadata } = seen.resource;
  const { name, partitions, management } = spec.topic;
  const found = sight.topic;
  const recorded = status?.topic;
  const has = live.partitions.length;
  const enough = has >= partitions;
  const ours = found !== null && isMadeFor(found, metadata.uid);
  // Claimed and not made yet: then it is somebody else's.
  const gone = found === null && recorded?.created === true && recorded.partitions > 0;
  const kafkaTopic = found?.metadata.name ?? recorded?.kafkaTopic?.name ?? kafkaTopicName(name);
  const topic: Topic = {
    ...claim(sight.at, kafkaTopic),
    partitions: has,
    replicas: live.partitions[0]?.replicas.length ?? 0,
    managedBy: ours || gone ? 'Strimzi' : 'Existing',
    created: ours || gone,
  };
  if (found === null) {
    const what = `KafkaTopic ${sight.at.namespace}/${kafkaTopic}`;
    if (gone) {
      const why = `topic ${name} has ${has} partitions, topic.partitions asks for ${partitions}, and ${what} is gone: somebody deleted it; delete this LoadTest and create it again`;
      return { topic, actions: [], ...(enough ? {} : { missing: stalled(phase, 'KafkaTopicMissing', why) }) };
    }
    if (management === 'Strimzi' && !(going && enough)) {
      const why = `topic ${name} exists in Kafka, but no KafkaTopic of Kafka ${sight.at.namespace}/${sight.at.cluster} stands for it: create one (spec.topicName: ${name}), or create another LoadTest with topic.management: Auto (the topic is then used as it is), or with another topic.name`;
      const { kafkaTopic: _none, ...without } = topic;
      return { topic: without, actions: [], missing: stalled(phase, 'KafkaTopicMissing', why) };
    }
    return undefined;
  }
  const verdict = judgeKafkaTopic(found, sight.at);
  if (enough) {
    const actions = ours && partitionsAsked(found) < partitions ? [applied(round, has)] : [];
    return { actions, topic, ...(ours ? heeded(round, topic, verdict) : {}) };
  }
  const actions: Action[] =
    partitionsAsked(found) >= partitions
      ? []
      : ours
        ? [applied(round, partitions)]
        : [{ type: 'Patch', target: refOf(found), spec: { partitions } }];
  const failure = seen.failures.find(({ action }) => action.type === 'ApplyObject' || action.type === 'Patch');
  if (failure?.reason === 'Refused') return { topic, actions, missing: refused(phase, failure.message, sight.at) };
  const waits = awaited(round, topic, 'AddingPartitions', verdict, {
    why: `${named(found)} asks for ${partitions} partitions, Kafka has ${has} of topic ${name}`,
    check: `check the log of the Topic Operator of Kafka ${sight.at.cluster}`,
  });
  // Clients that run go on meanwhile.
  if (going && waits.missing.state === 'Progressing') return { topic: waits.topic, actions };
  return { ...waits, actions };
}

/** The topic is as asked; what the Topic Operator says of our KafkaTopic counts all the same. */
function heeded(round: Round, topic: Topic, verdict: TopicVerdict): Pick<ThroughKafkaTopic, 'topic' | 'missing'> {
  const { phase, going } = round;
  if (verdict.is === 'Refused') {
    // Paused and unmanaged ones stay as they are, which is all that is asked of them.
    const stays = verdict.reason === 'KafkaTopicPaused' || verdict.reason === 'KafkaTopicUnmanaged';
    return stays ? {} : { missing: stalled(phase, verdict.reason, verdict.why) };
  }
  return going || verdict.is === 'Ready' ? {} : awaited(round, topic, 'CreatingTopic', verdict);
}

/** `ready`: what is waited for although the Topic Operator is through. */
function awaited(
  { seen, phase }: Round,
  topic: Topic,
  reason: string,
  verdict: TopicVerdict,
  ready: { why: string; check: string } = { why: '', check: '' },
): { topic: Topic; missing: Summary<Phase> } {
  if (verdict.is === 'Refused') return { topic, missing: stalled(phase, verdict.reason, verdict.why) };
  const { why, check } = verdict.is === 'Waiting' ? verdict : ready;
  const since: EpochMs = epochMs(seen.resource.status?.topic?.waitingSince) ?? seen.now;
  const late = seen.now - since >= SILENT_MS;
  return {
    topic: { ...topic, waitingSince: iso(since) },
    missing: late
      ? stalled(phase, 'TopicOperatorSilent', `${why}, for ${SILENT_MS / 1000} s now: ${check}`)
      : progressing(phase, verdict.is === 'Ready' ? reason : 'WaitingForTopicOperator', why),
  };
}

const refused = (phase: Phase, message: string, { namespace }: StrimziCluster): Summary<Phase> =>
  stalled(phase, 'TopicRefused', `the API server refuses: ${withRights(message, namespace)}`);

function applied({ seen, sight, apiVersion }: Round, partitions: number): Action {
  const { spec, metadata } = seen.resource;
  const { name, replicas, config } = spec.topic;
  const owner = { name: `LoadTest ${metadata.namespace}/${metadata.name}`, uid: metadata.uid };
  return {
    type: 'ApplyObject',
    object: kafkaTopic(sight.at, apiVersion, { name, partitions, replicas, config }, owner),
  };
}

const refOf = ({ apiVersion, kind, metadata: { namespace = '', name } }: KubernetesObject) => ({
  apiVersion,
  kind,
  namespace,
  name,
});
