/** Carries out the Kafka actions of a plan. Each is idempotent: done already is done. */
import type { ActionResult, KafkaAction } from '../../../contract/actions.ts';
import { actionError, protocolFailures } from '../errors.ts';
import type { KafkaConnection } from './connection.ts';

type AdminAction = Exclude<KafkaAction, { type: 'Report' }>;

/** Throws ActionError: Refused (Kafka's answer is final), Unreachable (no answer), Unexpected. */
export async function act(connection: KafkaConnection, action: AdminAction): Promise<ActionResult | undefined> {
  const { what, run, doneAlready } = call(connection, action);
  try {
    return await run();
  } catch (error) {
    const failures = protocolFailures(error);
    if (failures.length === 0 || !failures.every((f) => doneAlready.includes(f.name))) throw actionError(what, error);
    return undefined;
  } finally {
    connection.forget();
  }
}

function call(
  { admin }: KafkaConnection,
  action: AdminAction,
): { what: string; run: () => Promise<ActionResult | undefined>; doneAlready: string[] } {
  switch (action.type) {
    case 'CreateTopic':
      return {
        what: `creating topic ${action.topic}`,
        run: async () => {
          const [made] = await admin.createTopics({
            topics: [{ topic: action.topic, partitions: action.partitions, replicas: action.replicas }],
            configs: Object.entries(action.config).map(([name, value]) => ({ name, value })),
          });
          return made && { topicId: made.id };
        },
        doneAlready: ['TOPIC_ALREADY_EXISTS'],
      };
    case 'AddPartitions':
      return {
        what: `raising topic ${action.topic} to ${action.partitions} partitions`,
        run: async () => {
          await admin.createPartitions({
            topics: [{ name: action.topic, count: action.partitions, assignments: null }],
          });
          return undefined;
        },
        // No INVALID_PARTITIONS here: Kafka answers it for "fewer" and for "the same" alike; plan asks only for more.
        doneAlready: [],
      };
    case 'DeleteTopic':
      return {
        what: `deleting topic ${action.topic}`,
        run: async () => {
          await admin.deleteTopics({ topics: [action.topic] });
          return undefined;
        },
        doneAlready: ['UNKNOWN_TOPIC_OR_PARTITION'],
      };
    case 'DeleteGroup':
      return {
        what: `deleting group ${action.group}`,
        run: async () => {
          await admin.deleteGroups({ groups: [action.group] });
          return undefined;
        },
        doneAlready: ['GROUP_ID_NOT_FOUND'],
      };
  }
}
