/** Deleting a LoadTest: clients first, then the group and the topic that it made, and nothing else. */

import type { LoadTest } from '../../api/loadtest/loadTest.ts';
import type { LoadTestStatus } from '../../api/loadtest/status.ts';
import type { Action } from '../../contract/actions.ts';
import { setCondition } from '../../contract/conditions.ts';
import type { Notice, Observed, Plan } from '../../contract/kind.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import { progressing, summaryConditions } from '../../contract/summary.ts';
import { epochMs } from '../../contract/time.ts';
import type { RunFigures } from '../../domain/fold/runFigures.ts';
import { serversOf } from '../../domain/settings/connection.ts';
import { isMadeFor, named as nameOf } from '../../domain/strimzi/kafkaTopic.ts';
import type { StrimziSight } from '../../domain/strimzi/lookup.ts';

/** A deletion does not hang for ever on a Kafka that is away or a group that others still use. */
export const LEAVE_BEHIND_AFTER_MS = 60_000;
/** However late it is, the Topic Operator gets this long from the deletion of the KafkaTopic on: stopping the clients took its part. */
const TOPIC_OPERATOR_MS = 60_000;
const LOOK_AGAIN_MS = 1_000;
/** Recorded in the first round of a deletion: its time counts from there, not from a time when no operator was running. */
const DELETING = 'Deleting';

/**
 * `stopped`: the workloads with nothing to run, for as long as their pods have not ended. `sight`: what is seen of Strimzi,
 * if the topic was made by a KafkaTopic.
 */
export function teardown(
  seen: Observed<LoadTest, RunFigures>,
  status: LoadTestStatus,
  stopped: KubernetesObject[],
  sight?: StrimziSight,
): Plan<LoadTestStatus> {
  const { resource, kafka, owned, now } = seen;
  const { spec } = resource;
  const { generation: observedGeneration } = resource.metadata;
  const recorded = status.conditions.find(({ type }) => type === DELETING);
  const late = now - (epochMs(recorded?.lastTransitionTime) ?? now) > LEAVE_BEHIND_AFTER_MS;

  const wait = (reason: string, message: string, rest: Partial<Plan<LoadTestStatus>> = {}): Plan<LoadTestStatus> => {
    const standing = progressing(status.phase, reason, message);
    const conditions = summaryConditions(status.conditions, standing, observedGeneration, now);
    const deleting = { type: DELETING, status: 'True' as const, reason, message, observedGeneration };
    return {
      apply: [],
      actions: [],
      events: [],
      lookAgainInMs: LOOK_AGAIN_MS,
      status: { ...status, conditions: setCondition(conditions, deleting, now) },
      ...rest,
    };
  };
  const finish = (events: Notice[]) => ({ apply: [], actions: [], events, status, finished: true });

  const running = owned.filter((object) => replicasOf(object) > 0);
  if (running.length > 0 && !late) {
    const names = new Set(running.map(({ metadata }) => metadata.name));
    const pods = running.reduce((sum, object) => sum + replicasOf(object), 0);
    return wait('StoppingClients', `${pods} pods are being stopped`, {
      apply: stopped.filter(({ metadata }) => names.has(metadata.name)),
    });
  }
  if (owned.length > 0 && !late) return wait('RemovingClients', 'workloads are being removed');

  const goes = status.topic?.created === true && spec.topic.deletionPolicy === 'Delete';
  const kafkaTopic = sight?.topic ?? null;
  const unseen = goes ? sight?.forbidden : undefined;
  const ours = kafkaTopic !== null && isMadeFor(kafkaTopic, resource.metadata.uid);
  // Under a KafkaTopic that somebody else has made since, the topic is theirs.
  const made: Made = {
    ...(goes && (kafkaTopic === null || ours) ? { topic: spec.topic.name } : {}),
    ...(goes && ours ? { kafkaTopic } : {}),
    ...(status.consumers?.groupCreated === true && spec.consumers !== undefined ? { group: spec.consumers.group } : {}),
  };
  if (named(made) === '') return finish([]);
  const away = made.kafkaTopic?.metadata.deletionTimestamp;
  const patient = away !== undefined && now - (epochMs(away) ?? now) < TOPIC_OPERATOR_MS;
  if ('unavailable' in kafka) {
    // Gone with its KafkaTopic.
    const withIt = status.topic?.managedBy === 'Strimzi' && !ours && unseen === undefined;
    const left = withIt ? without('topic', made) : made;
    if (named(left) === '') return finish([]);
    if (late && !patient) return finish([leftBehind(left, kafka.unavailable)]);
    const until =
      ours && goes
        ? `${TOPIC_OPERATOR_MS / 1000} s after the deletion of the KafkaTopic they are left behind`
        : `after ${LEAVE_BEHIND_AFTER_MS / 1000} s in all they are left behind`;
    return wait('KafkaUnavailable', `${named(left)} can't be deleted: ${kafka.unavailable}; ${until}`, {
      actions: removeKafkaTopic(left),
    });
  }

  const left = {
    ...there(made, kafka.known),
    ...(unseen !== undefined && made.topic !== undefined ? { topic: made.topic } : {}),
  };
  if (named(left) === '') return finish([]);
  const members = left.group === undefined ? [] : (kafka.known.group?.members ?? []);
  const clients = [...new Set(members.map(({ clientId }) => clientId))].slice(0, 5).join(', ');
  const why = [
    ...(members.length > 0 ? [`group ${left.group} still has ${members.length} members (${clients})`] : []),
    ...(unseen === undefined ? [] : [unseen]),
    ...(away === undefined ? [] : ['the Topic Operator has not answered yet (finalizer strimzi.io/topic-operator)']),
    ...seen.failures.map(({ message }) => message),
  ].join('; ');
  const tried = recorded?.reason === 'RemovingFromKafka';
  if (late && !patient && (why !== '' || tried)) {
    return finish([leftBehind(left, why || 'it was deleted and is there again')]);
  }
  return wait('RemovingFromKafka', why === '' ? `deleting ${named(left)}` : `deleting ${named(left)}: ${why}`, {
    // Behind a KafkaTopic that may not be seen, the topic is not touched.
    actions: members.length > 0 ? [] : removal(unseen === undefined ? left : without('topic', left), resource),
  });
}

/** What is there because of this LoadTest. */
interface Made {
  topic?: string;
  /** Stands for the topic as long as it is there: the Topic Operator deletes both. */
  kafkaTopic?: KubernetesObject;
  group?: string;
}

const without = (part: keyof Made, { [part]: _without, ...rest }: Made): Made => rest;

const named = ({ topic, kafkaTopic, group }: Made): string =>
  [
    ...(kafkaTopic === undefined ? [] : [nameOf(kafkaTopic)]),
    ...(topic === undefined || kafkaTopic !== undefined ? [] : [`topic ${topic}`]),
    ...(group === undefined ? [] : [`group ${group}`]),
  ].join(' and ');

type KafkaView = Extract<Observed<LoadTest>['kafka'], { known: unknown }>['known'];

const there = (made: Made, { topic, group }: KafkaView): Made => ({
  ...(made.kafkaTopic === undefined ? {} : { kafkaTopic: made.kafkaTopic }),
  ...(made.topic === undefined || topic == null ? {} : { topic: made.topic }),
  ...(made.group === undefined || group == null ? {} : { group: made.group }),
});

/** A topic goes after its consumers, so that nobody who still reads it is torn off. */
function removal({ topic, kafkaTopic, group }: Made, { spec, status }: LoadTest): Action[] {
  const servers = serversOf(spec.kafka, status?.kafka);
  return [
    ...(group === undefined ? [] : [{ type: 'DeleteGroup' as const, ...servers, group }]),
    ...(kafkaTopic !== undefined
      ? removeKafkaTopic({ kafkaTopic })
      : topic === undefined
        ? []
        : [{ type: 'DeleteTopic' as const, ...servers, topic }]),
  ];
}

function removeKafkaTopic({ kafkaTopic }: Made): Action[] {
  if (kafkaTopic === undefined || kafkaTopic.metadata.deletionTimestamp !== undefined) return [];
  const { apiVersion, kind, metadata } = kafkaTopic;
  const { namespace = '', name, uid = '' } = metadata;
  return [{ type: 'DeleteObject', target: { apiVersion, kind, namespace, name }, uid }];
}

function leftBehind(left: Made, why: string): Notice {
  const { kafkaTopic } = left;
  const commands = [
    ...(kafkaTopic === undefined
      ? []
      : [
          `kubectl patch kafkatopic ${kafkaTopic.metadata.name} -n ${kafkaTopic.metadata.namespace} --type=merge -p '{"metadata":{"finalizers":null}}'`,
        ]),
    'kafka-topics.sh --delete',
    'kafka-consumer-groups.sh --delete',
  ];
  return {
    type: 'Warning',
    reason: 'LeftBehind',
    message: `left behind: ${named(left)}, because ${why}. Delete by hand what is no longer wanted (${commands.join(', ')})`,
  };
}

export function replicasOf(object: KubernetesObject): number {
  return (object.status as { replicas?: number } | undefined)?.replicas ?? 0;
}
