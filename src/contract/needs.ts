/** What a kind asks the runtime to show to it. */
import type { Query } from './queries.ts';

export interface KafkaNeed {
  /** host:port[,host:port…]; absent: the operator's default connection. */
  bootstrapServers?: string;
  topic?: string;
  group?: string;
  /** The snapshot has the topic's last stable offsets, too: for a group with isolation.level=read_committed. */
  lastStableOffsets?: boolean;
  /** A snapshot no older than this is good enough (default 900 ms). */
  maxAgeMs?: number;
  /** Settings to look up. They cost a request each time. */
  configs?: ConfigNames;
}

/** Settings by Kafka's names: of the topic, and of the brokers. */
export interface ConfigNames {
  topic?: readonly string[];
  broker?: readonly string[];
}

/** Where the evidence of one run starts: everything before `offset` is older than the run. */
export interface EvidenceNeed {
  bootstrapServers?: string;
  /** uid of the LoadTest, or of the ConsumerScale over somebody else's consumers. */
  run: string;
  topic: string;
  partition: number;
  offset: number;
}

export interface Needs {
  queries?: Query[];
  kafka?: KafkaNeed;
  evidence?: EvidenceNeed;
}
