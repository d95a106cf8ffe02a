/** Creates the evidence topic of a Kafka cluster when it is missing. */
import type { Admin } from '@platformatic/kafka';
import { EVIDENCE_TOPIC } from '../../../domain/evidence/facts.ts';
import { protocolFailures } from '../errors.ts';

/** Runs are spread over this many partitions; each run uses one. */
const PARTITIONS = 6;
const MAX_REPLICAS = 3;
const CONFIG = {
  // The workers' clocks are aligned with the broker's append times, see domain/clock/clock.ts.
  'message.timestamp.type': 'LogAppendTime',
  'cleanup.policy': 'delete',
  'retention.ms': String(7 * 24 * 3600 * 1000),
};

export class EvidenceTopic {
  readonly #admin: Admin;
  #exists = false;

  constructor(admin: Admin) {
    this.#admin = admin;
  }

  /** Asks Kafka until the topic is known to exist, and does nothing after that. Throws the client library's errors. */
  async ensure(): Promise<void> {
    if (this.#exists) return;
    const existing = await this.#admin.listTopics({ includeInternals: true });
    if (!existing.includes(EVIDENCE_TOPIC)) await this.#create();
    this.#exists = true;
  }

  /** The topic turned out to be deleted: the next `ensure` creates it again. */
  deleted(): void {
    this.#exists = false;
  }

  async #create(): Promise<void> {
    const { brokers } = await this.#admin.metadata({ topics: [], forceUpdate: true });
    try {
      await this.#admin.createTopics({
        topics: [{ topic: EVIDENCE_TOPIC, partitions: PARTITIONS, replicas: Math.min(MAX_REPLICAS, brokers.size) }],
        configs: Object.entries(CONFIG).map(([name, value]) => ({ name, value })),
      });
    } catch (error) {
      if (!protocolFailures(error).some(({ name }) => name === 'TOPIC_ALREADY_EXISTS')) throw error;
    }
  }
}
