/** An error of a client, with what the sentence about it may name. */
import type { LoadTest } from '../../../api/loadtest/loadTest.ts';
import { type Role, SETTINGS } from '../../../api/settings/kafka.ts';
import type { KafkaView } from '../../../contract/kafkaView.ts';

export interface ClientErrorContext {
  loadTest: LoadTest;
  role: Role;
  code: string;
  /** The client library's message. */
  message: string;
  /** Settings of Kafka. Absent: Kafka was not asked, or has not answered. */
  configs?: KafkaView['configs'] | undefined;
}

/** The value of a client setting: as written in the spec, or Kafka's default. */
export function settingOf({ spec }: LoadTest, role: Role, name: string): string {
  const part = role === 'Consumer' ? spec.consumers : spec.producers;
  return String(part?.config[name] ?? SETTINGS[role][name]?.default ?? 'unset');
}
