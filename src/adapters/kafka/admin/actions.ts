/** Carries out the Kafka actions of a plan. Each is idempotent: done already is done. */
import type { Action } from '../../../contract/actions.ts';
import { actionError, protocolFailures } from '../errors.ts';
import type { KafkaConnection } from './connection.ts';

type KafkaAction = Extract<Action, { type: 'CreateTopic' | 'AddPartitions' | 'DeleteTopic' | 'DeleteGroup' }>;

/** Throws ActionError: Refused (Kafka's answer is final), Unreachable (no answer), Unexpected. */
export async function act(connection: KafkaConnection, action: KafkaAction): Promise<void> {
  const { what, run, doneAlready } = call(connection, action);
  try {
    await run();
  } catch (error) {
    const failures = protocolFailures(error);
    if (failures.length === 0 || !failures.every((f) => doneAlready.includes(f.name))) throw actionError(what, error);
  } finally {
    connection.forget();
  }
}

function call(
  { admin }: KafkaConnection,
  action: KafkaAction,
): { what: string; run: () => Promise<unknown>; doneAlready: string[] } {
  switch (action.type) {
    case 'CreateTopic':
      return {
        what: `creating topic ${action.topic}`,
        run: () =>
          admin.createTopics({
            topics: [{ topic: action.topic, partitions: action.partitions, replicas: action.replicas }],
            configs: Object.entries(action.config).map(([name, value]) => ({ name, value })),
          }),
        doneAlready: ['TOPIC_ALREADY_EXISTS'],
      };
    case 'AddPartitions':
      return {
        what: `raising topic ${action.topic} to ${action.partitions} partitions`,
        run: () =>
          admin.createPartitions({ topics: [{ name: action.topic, count: action.partitions, assignments: null }] }),
        // No INVALID_PARTITIONS here: Kafka answers it for "fewer" and for "the same" alike; plan asks only for more.
        doneAlready: [],
      };
    case 'DeleteTopic':
      return {
        what: `deleting topic ${action.topic}`,
        run: () => admin.deleteTopics({ topics: [action.topic] }),
        doneAlready: ['UNKNOWN_TOPIC_OR_PARTITION'],
      };
    case 'DeleteGroup':
      return {
        what: `deleting group ${action.group}`,
        run: () => admin.deleteGroups({ groups: [action.group] }),
        doneAlready: ['GROUP_ID_NOT_FOUND'],
      };
  }
}
