/** What a kind asks the runtime to show to it. */
import type { ObjectRef } from './kubernetes.ts';

export interface KafkaNeed {
  /** host:port[,host:port…]; absent: the operator's default connection. */
  bootstrapServers?: string;
  topic?: string;
  group?: string;
  /** A snapshot no older than this is good enough (default 900 ms). */
  maxAgeMs?: number;
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

/** `orForbidden`: where it may not be read, a Status (v1) with reason Forbidden and a message is shown; else the round fails. */
export type Wanted = ObjectRef & { orForbidden?: true };

export interface Needs {
  /**
   * Other objects, watched: a change of one of them looks again at this resource. An APIResourceList (v1, without a
   * namespace, named like an apiVersion: `kafka.strimzi.io/v1`) tells which kinds the API server has in that version. Any
   * other list (`KafkaTopicList`), named by a label selector (`strimzi.io/cluster=my-cluster`), has all such objects of
   * the namespace as its `items`.
   */
  objects?: Wanted[];
  kafka?: KafkaNeed;
  evidence?: EvidenceNeed;
}
