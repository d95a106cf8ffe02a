/** Carries out the Kafka actions of a plan. Each is idempotent: it succeeds if Kafka is in the wanted state already. */
import type { ActionResult, KafkaAction } from '../../../contract/actions.ts';
import { actionError, protocolFailures } from '../errors.ts';
import type { KafkaConnection } from './connection.ts';

type AdminAction = Exclude<KafkaAction, { type: 'Report' }>;

/** Throws ActionError: Refused (trying again is useless), Unreachable (no answer) or Unexpected. */
export async function act(connection: KafkaConnection, action: AdminAction): Promise<ActionResult | undefined> {
  const { what, run, doneErrors } = callFor(connection, action);
  try {
    return await run();
  } catch (error) {
    const failures = protocolFailures(error);
    if (failures.length === 0 || !failures.every((f) => doneErrors.includes(f.name))) throw actionError(what, error);
    return undefined;
  } finally {
    connection.forget();
  }
}

/** `doneErrors`: Kafka's names of the errors that mean the action is done already. */
function callFor(
  { admin }: KafkaConnection,
  action: AdminAction,
): { what: string; run: () => Promise<ActionResult | undefined>; doneErrors: string[] } {
  switch (action.type) {
    case 'CreateTopic':
      return {
        what: `creating topic ${action.topic}`,
        run: async () => {
          const [topic] = await admin.createTopics({
            topics: [{ topic: action.topic, partitions: action.partitions, replicas: action.replicas }],
            configs: Object.entries(action.config).map(([name, value]) => ({ name, value })),
          });
          return topic && { topicId: topic.id };
        },
        doneErrors: ['TOPIC_ALREADY_EXISTS'],
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
        // Not INVALID_PARTITIONS: Kafka returns it for fewer partitions too. A plan asks only for more than there are.
        doneErrors: [],
      };
    case 'DeleteTopic':
      return {
        what: `deleting topic ${action.topic}`,
        run: async () => {
          await admin.deleteTopics({ topics: [action.topic] });
          return undefined;
        },
        doneErrors: ['UNKNOWN_TOPIC_OR_PARTITION'],
      };
    case 'DeleteGroup':
      return {
        what: `deleting group ${action.group}`,
        run: async () => {
          await admin.deleteGroups({ groups: [action.group] });
          return undefined;
        },
        doneErrors: ['GROUP_ID_NOT_FOUND'],
      };
  }
}
