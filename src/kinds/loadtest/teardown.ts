/** Deleting a LoadTest: clients first, then the group and the topic that it made, and nothing else. */
import { setCondition } from '../../api/conditions.ts';
import type { Action, KubernetesObject, Notice, Observed, Plan } from '../../api/kind.ts';
import type { LoadTest, LoadTestStatus } from '../../api/loadTest.ts';
import { moving, standingConditions } from '../../api/standing.ts';
import { epochMs } from '../../api/time.ts';
import type { Run } from '../../domain/run.ts';

/** A deletion does not hang for ever on a Kafka that is away or a group that others still use. */
export const LEAVE_BEHIND_AFTER_MS = 60_000;
const LOOK_AGAIN_MS = 1_000;
/** Recorded in the first round of a deletion: its time counts from there, not from a time when no operator was running. */
const DELETING = 'Deleting';

/** `stopped`: the workloads with nothing to run, for as long as their pods have not ended. */
export function teardown(
  seen: Observed<LoadTest, Run>,
  status: LoadTestStatus,
  stopped: KubernetesObject[],
): Plan<LoadTestStatus> {
  const { resource, kafka, owned, now } = seen;
  const { spec } = resource;
  const { generation: observedGeneration } = resource.metadata;
  const recorded = status.conditions.find(({ type }) => type === DELETING);
  const late = now - (epochMs(recorded?.lastTransitionTime) ?? now) > LEAVE_BEHIND_AFTER_MS;

  const wait = (reason: string, message: string, rest: Partial<Plan<LoadTestStatus>> = {}): Plan<LoadTestStatus> => {
    const standing = moving(status.phase, reason, message);
    const conditions = standingConditions(status.conditions, standing, observedGeneration, now);
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

  const made: Made = {
    ...(status.topic?.created === true && spec.topic.deletionPolicy === 'Delete' ? { topic: spec.topic.name } : {}),
    ...(status.consumers?.groupCreated === true && spec.consumers !== undefined ? { group: spec.consumers.group } : {}),
  };
  if (named(made) === '') return finish([]);
  if ('unavailable' in kafka) {
    if (late) return finish([leftBehind(made, kafka.unavailable)]);
    const until = `after ${LEAVE_BEHIND_AFTER_MS / 1000} s in all they are left behind`;
    return wait('KafkaUnavailable', `${named(made)} can't be deleted: ${kafka.unavailable}; ${until}`);
  }

  const left = there(made, kafka.known);
  if (named(left) === '') return finish([]);
  const members = left.group === undefined ? [] : (kafka.known.group?.members ?? []);
  const clients = [...new Set(members.map(({ clientId }) => clientId))].slice(0, 5).join(', ');
  const why = [
    ...(members.length > 0 ? [`group ${left.group} still has ${members.length} members (${clients})`] : []),
    ...seen.failures.map(({ message }) => message),
  ].join('; ');
  const tried = recorded?.reason === 'RemovingFromKafka';
  if (late && (why !== '' || tried)) {
    return finish([leftBehind(left, why || 'it was deleted and is there again')]);
  }
  return wait('RemovingFromKafka', why === '' ? `deleting ${named(left)}` : `deleting ${named(left)}: ${why}`, {
    actions: members.length > 0 ? [] : removal(left, spec),
  });
}

/** What is in Kafka because of this LoadTest. */
interface Made {
  topic?: string;
  group?: string;
}

const named = ({ topic, group }: Made): string =>
  [...(topic === undefined ? [] : [`topic ${topic}`]), ...(group === undefined ? [] : [`group ${group}`])].join(
    ' and ',
  );

type KafkaView = Extract<Observed<LoadTest>['kafka'], { known: unknown }>['known'];

const there = (made: Made, { topic, group }: KafkaView): Made => ({
  ...(made.topic === undefined || topic == null ? {} : { topic: made.topic }),
  ...(made.group === undefined || group == null ? {} : { group: made.group }),
});

/** A topic goes after its consumers, so that nobody who still reads it is torn off. */
function removal({ topic, group }: Made, { kafka }: LoadTest['spec']): Action[] {
  const servers = kafka === undefined ? {} : { bootstrapServers: kafka.bootstrapServers };
  return [
    ...(group === undefined ? [] : [{ type: 'DeleteGroup' as const, ...servers, group }]),
    ...(topic === undefined ? [] : [{ type: 'DeleteTopic' as const, ...servers, topic }]),
  ];
}

function leftBehind(left: Made, why: string): Notice {
  return {
    type: 'Warning',
    reason: 'LeftBehind',
    message: `left behind: ${named(left)}, because ${why}. Delete by hand what is no longer wanted (kafka-topics.sh --delete, kafka-consumer-groups.sh --delete)`,
  };
}

export function replicasOf(object: KubernetesObject): number {
  return (object.status as { replicas?: number } | undefined)?.replicas ?? 0;
}
