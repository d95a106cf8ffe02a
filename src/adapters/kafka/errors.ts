/** Errors of the Kafka admin client as sentences for people and as ActionErrors for the runtime. */
import { ActionError } from '../../runtime/ports.ts';

interface ProtocolFailure {
  /** Kafka's error name, for example INVALID_REPLICATION_FACTOR. */
  name: string;
  message: string;
}

/** The errors that brokers returned. The client library nests them several levels deep in its own errors. */
export function protocolFailures(error: unknown): ProtocolFailure[] {
  if (typeof error !== 'object' || error === null) return [];
  const { apiId, serverErrorMessage, message, errors, cause } = error as Record<string, unknown>;
  const own =
    typeof apiId === 'string' ? [{ name: apiId, message: String(serverErrorMessage ?? message ?? apiId) }] : [];
  const nested = Array.isArray(errors) ? errors : cause === undefined ? [] : [cause];
  return [...own, ...nested.flatMap(protocolFailures)];
}

function innermostMessages(error: unknown): string[] {
  if (typeof error !== 'object' || error === null) return [String(error)];
  const { errors, message } = error as { errors?: unknown[]; message?: string };
  return Array.isArray(errors) && errors.length > 0 ? errors.flatMap(innermostMessages) : [message ?? String(error)];
}

/** `NAME: message`, or only the name: some of Kafka's errors have no message. */
const describe = ({ name, message }: ProtocolFailure) => (message === '' ? name : `${name}: ${message}`);

/** One line for people: Kafka's errors if a broker answered, otherwise those of the connection. */
export function sentence(error: unknown): string {
  const failures = protocolFailures(error);
  const parts = failures.length > 0 ? failures.map(describe) : innermostMessages(error);
  return [...new Set(parts)].join('; ');
}

/** Kafka's errors after which the same call can't succeed until a user changes something. */
const REFUSALS = new Set([
  'INVALID_REPLICATION_FACTOR',
  'INVALID_PARTITIONS',
  'INVALID_CONFIG',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_REQUEST',
  'INVALID_GROUP_ID',
  'POLICY_VIOLATION',
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'NON_EMPTY_GROUP',
  'TOPIC_DELETION_DISABLED',
]);

/** An error of the client library as the runtime's ActionError. `what`: the action, as in "creating topic t". */
export function actionError(what: string, error: unknown): ActionError {
  const failures = protocolFailures(error);
  const reason = failures.some((f) => REFUSALS.has(f.name))
    ? 'Refused'
    : failures.length === 0
      ? 'Unreachable'
      : 'Unexpected';
  return new ActionError(reason, `${what}: ${sentence(error)}`, { cause: error });
}
