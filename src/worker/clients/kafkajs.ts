/** What the kafkajs producer and consumer have in common: making the client, naming its errors, reading its log. */
import { Kafka, type LogEntry, logLevel } from 'kafkajs';
import type { KafkajsConsumer, KafkajsProducer } from '../../domain/settings/kafkajsOptions.ts';
import { ClientRefusal, type ClientTrouble } from './port.ts';

const CONNECT_RETRY_MS = 1_000;

export interface KafkajsSettings<Options> {
  bootstrapServers: string;
  topic: string;
  /** client.id. */
  name: string;
  options: Options;
}

/** `logged` gets warnings and errors. */
export const makeKafka = (
  { bootstrapServers, name, options }: KafkajsSettings<KafkajsProducer | KafkajsConsumer>,
  logged: (entry: LogEntry) => void,
): Kafka =>
  new Kafka({
    ...options.kafka,
    brokers: bootstrapServers.split(','),
    clientId: name,
    logLevel: logLevel.WARN,
    logCreator: () => logged,
  });

interface KafkajsError {
  name?: string;
  message?: string;
  /** Kafka's name of an error that a broker answered. */
  type?: string;
  cause?: KafkajsError;
}

/** Kafka's name of the error that is at the bottom of it, or the name of its class. */
export function codeOf(error: unknown): string {
  const { name, type, cause } = error as KafkajsError;
  if (type !== undefined) return type;
  if (cause !== undefined) return codeOf(cause);
  return (name ?? 'UNKNOWN').replace(/^KafkaJS|Error$/g, '') || 'UNKNOWN';
}

export const refusal = (error: unknown): ClientRefusal =>
  new ClientRefusal(codeOf(error), (error as KafkajsError).message ?? String(error));

/** Connections that fail are only told in the log. */
export function troubleIn({ namespace, log }: LogEntry): ClientTrouble | undefined {
  const failed = namespace === 'Connection' && /^Connection (error|timeout)/.test(log.message);
  return failed ? { code: 'TRANSPORT', message: log.message } : undefined;
}

/** Tries until it has worked or is no longer wanted. */
export async function tryUntilDone(
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
