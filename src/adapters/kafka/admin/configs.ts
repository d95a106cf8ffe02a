/** Settings of a topic and of a broker (DescribeConfigs). The operator's user may lack the right to see them. */
import { type Admin, ConfigResourceTypes } from '@platformatic/kafka';
import type { ConfigView, KafkaView } from '../../../contract/kafkaView.ts';
import type { ConfigNames } from '../../../contract/needs.ts';
import { sentence } from '../errors.ts';

/** Those of the topic and of the first broker. A refusal is part of the answer. */
export async function describeConfigs(
  admin: Admin,
  names: ConfigNames,
  topic: string | undefined,
  brokers: KafkaView['brokers'],
): Promise<NonNullable<KafkaView['configs']>> {
  const broker = brokers[0]?.id;
  const [ofTopic, ofBroker] = await Promise.all([
    names.topic && topic !== undefined ? describe(admin, 'TOPIC', topic, names.topic) : undefined,
    names.broker && broker !== undefined ? describe(admin, 'BROKER', `${broker}`, names.broker) : undefined,
  ]);
  return { ...(ofTopic && { topic: ofTopic }), ...(ofBroker && { broker: ofBroker }) };
}

async function describe(
  admin: Admin,
  type: 'TOPIC' | 'BROKER',
  resourceName: string,
  names: readonly string[],
): Promise<ConfigView> {
  try {
    const resource = { resourceType: ConfigResourceTypes[type], resourceName, configurationKeys: [...names] };
    const found = await admin.describeConfigs({ resources: [resource] });
    const configs = found.flatMap((one) => one.configs);
    return { known: Object.fromEntries(configs.flatMap(({ name, value }) => (value == null ? [] : [[name, value]]))) };
  } catch (error) {
    return { unavailable: sentence(error) };
  }
}
