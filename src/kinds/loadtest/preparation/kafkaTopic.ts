/** The topic of a run through a KafkaTopic of Strimzi: its creation, its partitions, and what the Topic Operator reports. */

import type { LoadTest } from '../../../api/loadtest/loadTest.ts';
import { asText } from '../../../api/settings/values.ts';
import type { Action } from '../../../contract/actions.ts';
import type { TopicView } from '../../../contract/kafkaView.ts';
import type { Observed } from '../../../contract/kind.ts';
import type { KubernetesObject } from '../../../contract/kubernetes.ts';
import { progressing, stalled } from '../../../contract/summary.ts';
import type { EpochMs } from '../../../contract/time.ts';
import { epochMs, iso } from '../../../contract/time.ts';
import type { RunFigures } from '../../../domain/fold/runFigures.ts';
import { counted } from '../../../domain/status/counted.ts';
import {
  isMadeFor,
  judgeKafkaTopic,
  kafkaTopic,
  named,
  partitionsAsked,
  raise,
  type TopicVerdict,
} from '../../../domain/strimzi/kafkaTopic.ts';
import { type StrimziView, withRights } from '../../../domain/strimzi/lookup.ts';
import { kafkaTopicName, type StrimziCluster, topicOf } from '../../../domain/strimzi/resources.ts';
import type { LoadTestSummary } from '../summary.ts';
import type { Preparation, PreparationInput, Topic } from './preparation.ts';
import { whyNotRaised } from './topicOwner.ts';

/** The Topic Operator acts within seconds. After 60 s without an answer the message says what to check. */
const SILENT_MS = 60_000;

type Phase = PreparationInput['phase'];

export interface ThroughKafkaTopic extends Pick<Preparation, 'remark' | 'missing'> {
  /** What the status records; absent: the LoadTest no longer claims to have created it. */
  topic?: Topic;
  actions: Action[];
}

export interface KafkaTopicInput {
  seen: Observed<LoadTest, RunFigures>;
  strimzi: StrimziView;
  apiVersion: string;
  phase: Phase;
  /** Clients run, or have run. */
  started: boolean;
}

/** The topic as a KafkaTopic with this metadata.name claims it, before Kafka has it. */
const claim = ({ cluster, namespace }: StrimziCluster, kafkaTopic: string): Topic => ({
  partitions: 0,
  replicas: 0,
  managedBy: 'Strimzi',
  created: true,
  kafkaTopic: { cluster, namespace, name: kafkaTopic },
});

// ---- Kafka does not have the topic ----------------------------------------------------------

export function createTopic(input: KafkaTopicInput): ThroughKafkaTopic {
  const found = input.strimzi.topic;
  return found === null ? createKafkaTopic(input) : awaitTopicOf(found, input);
}

function createKafkaTopic(input: KafkaTopicInput): ThroughKafkaTopic {
  const { seen, strimzi } = input;
  const { spec, status } = seen.resource;
  const { name, partitions } = spec.topic;
  if (strimzi.taken !== null) {
    const why = `${named(strimzi.taken)} manages topic ${topicOf(strimzi.taken)}, so a KafkaTopic for topic ${name} cannot have this name: create another LoadTest with another topic.name, or with topic.management: Admin`;
    return { actions: [], missing: stalled('Pending', 'KafkaTopicConflict', why) };
  }
  const failure = seen.failures.find(({ action }) => action.type === 'ApplyObject');
  if (failure?.reason === 'Refused')
    return { actions: [], missing: refused('Pending', failure.message, strimzi.topicsAt) };
  const what = `KafkaTopic ${strimzi.topicsAt.namespace}/${kafkaTopicName(name)}`;
  const trouble = failure === undefined ? '' : `: ${failure.message}; the operator retries`;
  const message = `creating ${what} with ${counted(partitions, 'partition')}${trouble}`;
  const claimed = status?.topic?.created === true ? status.topic : undefined;
  return {
    topic: claimed ?? claim(strimzi.topicsAt, kafkaTopicName(name)),
    actions: claimed ? [creation(input)] : [],
    missing: progressing('Pending', 'CreatingTopic', message),
  };
}

/** Waits until the Topic Operator has created the topic of this KafkaTopic. */
function awaitTopicOf(found: KubernetesObject, input: KafkaTopicInput): ThroughKafkaTopic {
  const { seen, strimzi } = input;
  const { spec, metadata } = seen.resource;
  const { name, partitions } = spec.topic;
  const ours = isMadeFor(found, metadata.uid);
  const claimed = claim(strimzi.topicsAt, found.metadata.name);
  const topic: Topic = ours ? claimed : { ...claimed, managedBy: 'Existing', created: false };
  const actions = ours ? raise(found, partitions) : [];
  const denied = refusedChange(input, actions);
  if (denied !== undefined) return { topic, actions, missing: denied };
  const { namespace, cluster } = strimzi.at;
  return {
    actions,
    ...awaited(input, topic, 'CreatingTopic', judgeKafkaTopic(found, strimzi.at), {
      reason: 'TopicMissing',
      why: `${named(found)} is Ready, but Kafka has no topic ${name}`,
      check: `the Topic Operator notices that at its next resync (every two minutes by default); if it has passed, check that this LoadTest connects to Kafka ${namespace}/${cluster}`,
    }),
  };
}

// ---- Kafka has the topic --------------------------------------------------------------------

/** undefined: no KafkaTopic manages the topic. */
export function keepTopic(input: KafkaTopicInput, live: TopicView): ThroughKafkaTopic | undefined {
  const { seen, strimzi } = input;
  const { status, metadata, spec } = seen.resource;
  const found = strimzi.topic;
  const recorded = status?.topic;
  const ours = found !== null && isMadeFor(found, metadata.uid);
  // Claimed, but never seen in Kafka: then somebody else created it.
  const gone =
    found === null &&
    recorded?.created === true &&
    recorded.partitions > 0 &&
    (recorded.id === undefined || recorded.id === live.id);
  // The Topic Operator created the topic, or took it over.
  const settled = ours && judgeKafkaTopic(found, strimzi.at).is === 'Ready';
  const id = settled ? live.id : recorded?.id;
  const kafkaTopic = found?.metadata.name ?? recorded?.kafkaTopic?.name ?? kafkaTopicName(spec.topic.name);
  const topic: Topic = {
    ...claim(strimzi.topicsAt, kafkaTopic),
    partitions: live.partitions.length,
    replicas: live.partitions[0]?.replicas.length ?? 0,
    managedBy: ours || gone ? 'Strimzi' : 'Existing',
    created: ours || gone,
    ...(id === undefined ? {} : { id }),
  };
  if (found === null) return gone ? kafkaTopicGone(input, topic, kafkaTopic) : noKafkaTopic(input, topic);
  return topic.partitions >= spec.topic.partitions
    ? keepPartitions(found, ours, input, topic)
    : addPartitions(found, input, topic);
}

/** Somebody deleted our KafkaTopic. That matters only if the topic needs more partitions. */
function kafkaTopicGone({ seen, strimzi, phase }: KafkaTopicInput, topic: Topic, kafkaTopic: string) {
  const { name, partitions } = seen.resource.spec.topic;
  if (topic.partitions >= partitions) return { topic, actions: [] };
  const why = `topic ${name} has ${counted(topic.partitions, 'partition')}, but topic.partitions is ${partitions} and KafkaTopic ${strimzi.topicsAt.namespace}/${kafkaTopic} was deleted: delete this LoadTest and create it again`;
  return { topic, actions: [], missing: stalled(phase, 'KafkaTopicMissing', why) };
}

function noKafkaTopic({ seen, strimzi, phase, started }: KafkaTopicInput, topic: Topic): ThroughKafkaTopic | undefined {
  const { name, partitions, management } = seen.resource.spec.topic;
  if (management !== 'Strimzi' || (started && topic.partitions >= partitions)) return undefined;
  const why = `topic ${name} exists in Kafka, but no KafkaTopic of Kafka ${strimzi.at.namespace}/${strimzi.at.cluster} manages it: create one (spec.topicName: ${name}), or create another LoadTest with topic.management: Auto (it uses the topic as it is) or with another topic.name`;
  const { kafkaTopic: _none, ...without } = topic;
  return { topic: without, actions: [], missing: stalled(phase, 'KafkaTopicMissing', why) };
}

/** The topic has its partitions. The state of our KafkaTopic still counts. */
function keepPartitions(
  found: KubernetesObject,
  ours: boolean,
  input: KafkaTopicInput,
  topic: Topic,
): ThroughKafkaTopic {
  if (!ours) return { topic, actions: [] };
  const { partitions } = input.seen.resource.spec.topic;
  // Somebody lowered them.
  const actions = partitionsAsked(found) < partitions ? raise(found, topic.partitions) : [];
  const verdict = judgeKafkaTopic(found, input.strimzi.at);
  if (verdict.is === 'Refused') {
    // A run has all that it needs of Kafka, so what Kafka refuses of the KafkaTopic does not make it wait.
    if (input.started && verdict.reason === 'KafkaTopicError') {
      return { topic, actions, remark: { reason: verdict.reason, message: verdict.why } };
    }
    // A paused or unmanaged KafkaTopic stays as it is, and nothing more is asked of it.
    const harmless = verdict.reason === 'KafkaTopicPaused' || verdict.reason === 'KafkaTopicUnmanaged';
    return { topic, actions, ...(harmless ? {} : { missing: stalled(input.phase, verdict.reason, verdict.why) }) };
  }
  if (input.started || verdict.is === 'Ready') return { topic, actions };
  return { actions, ...awaited(input, topic, 'CreatingTopic', verdict) };
}

/** The topic needs more partitions, which the Topic Operator adds. Clients that run continue meanwhile. */
function addPartitions(found: KubernetesObject, input: KafkaTopicInput, topic: Topic): ThroughKafkaTopic {
  const { seen, strimzi, phase, started } = input;
  const { name, partitions } = seen.resource.spec.topic;
  const ours = isMadeFor(found, seen.resource.metadata.uid);
  const asks = partitionsAsked(found) < partitions;
  const notRaised = ours || !asks ? undefined : whyNotRaised(seen.resource, topic);
  if (notRaised !== undefined) return { topic, actions: [], missing: stalled(phase, 'TooFewPartitions', notRaised) };
  const actions = raise(found, partitions);
  const denied = refusedChange(input, actions);
  if (denied !== undefined) return { topic, actions, missing: denied };
  const waits = awaited(input, topic, 'AddingPartitions', judgeKafkaTopic(found, strimzi.at), {
    reason: 'TooFewPartitions',
    why: `${named(found)} asks for ${partitions} partitions, but topic ${name} has ${topic.partitions} in Kafka`,
    check: `check the log of the Topic Operator of Kafka ${strimzi.at.cluster}`,
  });
  if (started && waits.missing.state === 'Progressing') return { topic: waits.topic, actions };
  return { ...waits, actions };
}

// ---- both -----------------------------------------------------------------------------------

/** `ready`: what is still missing although the KafkaTopic is Ready; `reason`: of the stall after 60 s. */
function awaited(
  { seen, phase }: KafkaTopicInput,
  topic: Topic,
  reason: string,
  verdict: TopicVerdict,
  ready = { reason: '', why: '', check: '' },
): { topic: Topic; missing: LoadTestSummary } {
  if (verdict.is === 'Refused') return { topic, missing: stalled(phase, verdict.reason, verdict.why) };
  const { reason: late, why, check } = verdict.is === 'Waiting' ? { ...verdict, reason: 'TopicOperatorSilent' } : ready;
  const since: EpochMs = epochMs(seen.resource.status?.topic?.waitingSince) ?? seen.now;
  const silent = seen.now - since >= SILENT_MS;
  return {
    topic: { ...topic, waitingSince: iso(since) },
    missing: silent
      ? stalled(phase, late, `waited ${SILENT_MS / 1000} s: ${why}; ${check}`)
      : progressing(phase, verdict.is === 'Ready' ? reason : 'WaitingForTopicOperator', why),
  };
}

const refused = (phase: Phase, message: string, { namespace }: StrimziCluster): LoadTestSummary =>
  stalled(phase, 'TopicRefused', `the API server refused the KafkaTopic: ${withRights(message, namespace)}`);

/** Why the API server refuses a change that is still to be made; undefined: it does not. */
function refusedChange({ seen, strimzi, phase }: KafkaTopicInput, actions: Action[]): LoadTestSummary | undefined {
  const failure = seen.failures.find(({ action }) => actions.some(({ type }) => type === action.type));
  return failure?.reason === 'Refused' ? refused(phase, failure.message, strimzi.topicsAt) : undefined;
}

function creation({ seen, strimzi, apiVersion }: KafkaTopicInput): Action {
  const { spec, metadata } = seen.resource;
  const { name, partitions, replicas, config } = spec.topic;
  const owner = { name: `LoadTest ${metadata.namespace}/${metadata.name}`, uid: metadata.uid };
  return {
    type: 'ApplyObject',
    object: kafkaTopic(strimzi.topicsAt, apiVersion, { name, partitions, replicas, config: asText(config) }, owner),
  };
}
