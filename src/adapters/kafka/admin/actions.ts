/** Carries out the Kafka actions of a plan. Each is idempotent: it succeeds if Kafka is in the wanted state already. */
import type { ActionResult, KafkaAction } from '../../../contract/actions.ts';
import { actionError, protocolFailures } from '../errors.ts';
import type { KafkaConnection } from './connection.ts';

type AdminAction = Exclude<KafkaAction, { type: 'Report' }>;

/** Throws ActionError: Refused (trying again is useless), Unreachable (no answer) or Unexpected. */
export async function act(connection: KafkaConnection, action: AdminAction): Promise<ActionResult | undefined> {
  const { what, run, done } = callFor(connection, action);
  try {
    return await run();
  } catch (error) {
    const failures = protocolFailures(error);
    if (failures.length === 0 || !failures.every(({ name }) => name === done?.error)) throw actionError(what, error);
    return done?.result;
  } finally {
    connection.forget();
  }
}

interface Call {
  what: string;
  run: () => Promise<ActionResult | undefined>;
  /** Kafka's name of the error that means that Kafka is in the wanted state already. */
  done?: { error: string; result?: ActionResult };
}

function callFor({ admin, topicRequests }: KafkaConnection, action: AdminAction): Call {
  switch (action.type) {
    case 'CreateTopic':
      return {
        what: `creating topic ${action.topic}`,
        run: async () => ({ topicId: await topicRequests.create(action) }),
        done: { error: 'TOPIC_ALREADY_EXISTS', result: { existed: true } },
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
        // INVALID_PARTITIONS does not count as done: Kafka returns it for fewer partitions too.
      };
    case 'DeleteTopic':
      return {
        what: `deleting topic ${action.topic} (id ${action.topicId})`,
        run: async () => {
          await topicRequests.delete(action.topicId);
          return undefined;
        },
        done: { error: 'UNKNOWN_TOPIC_ID', result: { absent: true } },
      };
    case 'DeleteGroup':
      return {
        what: `deleting group ${action.group}`,
        run: async () => {
          await admin.deleteGroups({ groups: [action.group] });
          return undefined;
        },
        done: { error: 'GROUP_ID_NOT_FOUND' },
      };
  }
}
