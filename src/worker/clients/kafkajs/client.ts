/**
 * What the kafkajs producer and consumer have in common: creating the client, Kafka's names for its errors, its log.
 *
 * Trap: kafkajs reports failed connections only in its log.
 */
import { Kafka, type LogEntry, logLevel } from 'kafkajs';
import type { KafkajsConsumer, KafkajsProducer } from '../../../domain/settings/kafkajsOptions.ts';
import { ClientRefusal, type ClientTrouble } from '../port.ts';

const CONNECT_RETRY_MS = 1_000;

export interface KafkajsSettings<Options> {
  bootstrapServers: string;
  topic: string;
  /** client.id. */
  name: string;
  options: Options;
}

/** `onLog` receives kafkajs' warnings and errors. */
export const makeKafka = (
  { bootstrapServers, name, options }: KafkajsSettings<KafkajsProducer | KafkajsConsumer>,
  onLog: (entry: LogEntry) => void,
): Kafka =>
  new Kafka({
    ...options.kafka,
    brokers: bootstrapServers.split(','),
    clientId: name,
    logLevel: logLevel.WARN,
    logCreator: () => onLog,
  });

interface KafkajsError {
  name?: string;
  message?: string;
  /** Kafka's name of an error that a broker returned. */
  type?: string;
  cause?: KafkajsError;
}

/** Kafka's name of the innermost error, or the name of its class without KafkaJS and Error. */
export function errorName(error: unknown): string {
  const { name, type, cause } = error as KafkajsError;
  if (type !== undefined) return type;
  if (cause !== undefined) return errorName(cause);
  return (name ?? 'UNKNOWN').replace(/^KafkaJS|Error$/g, '') || 'UNKNOWN';
}

export const refusal = (error: unknown): ClientRefusal =>
  new ClientRefusal(errorName(error), (error as KafkajsError).message ?? String(error));

/** The failed connection that a log entry reports, if it does. */
export function troubleOfLog({ namespace, log }: LogEntry): ClientTrouble | undefined {
  const failed = namespace === 'Connection' && /^Connection (error|timeout)/.test(log.message);
  return failed ? { code: 'TRANSPORT', message: log.message } : undefined;
}

/** Repeats `attempt` once a second until it succeeds, or until `wanted` returns false. */
export async function retryConnecting(
  attempt: () => Promise<void>,
  wanted: () => boolean,
  trouble: (trouble: ClientTrouble) => void,
): Promise<void> {
  while (wanted()) {
    try {
      await attempt();
      return;
    } catch (error) {
      const { code, message } = refusal(error);
      trouble({ code, message: `cannot connect: ${message}` });
      await new Promise((resolve) => setTimeout(resolve, CONNECT_RETRY_MS));
    }
  }
}
