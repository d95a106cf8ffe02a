/** What librdkafka's producer and consumer have in common: their settings and how they connect. */
import type { ClientTrouble } from '../port.ts';
import { refusal } from './errors.ts';

export const REQUEST_TIMEOUT_MS = 10_000;
export const RETRY_MS = 1_000;

export interface ClientSettings {
  bootstrapServers: string;
  topic: string;
  /** client.id. */
  name: string;
  /** librdkafka properties. */
  config: Record<string, string>;
}

interface Connectable {
  connect(options: { topic: string; timeout: number }, callback: (error: Error | null) => void): unknown;
}

/**
 * Creates clients until one connects: a client that failed to connect can't be used again. Resolves with undefined once
 * `closed`. Throws when librdkafka refuses the settings.
 */
export async function connectClient<T>(
  makeClient: () => T,
  topic: string,
  closed: () => boolean,
  trouble: (trouble: ClientTrouble) => void,
): Promise<T | undefined> {
  while (!closed()) {
    const client = makeClient();
    const error = await new Promise<Error | null>((resolve) => {
      (client as Connectable).connect({ topic, timeout: REQUEST_TIMEOUT_MS }, resolve);
    });
    if (!error) return client;
    const { code, message } = refusal(error);
    trouble({ code, message: `cannot connect: ${message}` });
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  return undefined;
}
