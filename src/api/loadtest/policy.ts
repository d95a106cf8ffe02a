/** The admission policy of LoadTests: the rules over settings, whose values may be text, numbers or booleans. */
import { admissionPolicy } from '../schema/policy.ts';
import { unchanged } from '../schema/schema.ts';
import { consumerSettingRules, LONGEST_SETTING, producerSettingRules } from '../settings/kafka.ts';
import { LONGEST_TOPIC_SETTING, topicSettingRules } from '../settings/topic.ts';
import { valueRules } from '../settings/values.ts';
import { consumerClientRules } from './consumers.ts';
import { lagThresholdRules } from './lagThreshold.ts';
import { LOAD_TEST_NAMES } from './loadTest.ts';
import { producerClientRules } from './producers.ts';
import { recordSizeRules } from './recordSize.ts';
import { ONE_SET_OF_SETTINGS } from './spec.ts';
import { togetherRules } from './together.ts';

const producers = 'object.spec.producers';
const consumers = 'object.spec.consumers';
const values = valueRules(LONGEST_SETTING);
const topicValues = valueRules(LONGEST_TOPIC_SETTING);
/** The rules without those that `valueRules` puts first. */
const others = <T>(rules: readonly T[], first: readonly unknown[]): T[] => rules.slice(first.length);

export const loadTestPolicy = admissionPolicy({
  name: `${LOAD_TEST_NAMES.plural}.${LOAD_TEST_NAMES.group}`,
  group: LOAD_TEST_NAMES.group,
  plural: LOAD_TEST_NAMES.plural,
  parts: [
    { self: 'object.spec.topic.config', types: topicValues, rules: others(topicSettingRules, topicValues) },
    {
      self: `${producers}.config`,
      when: `has(${producers})`,
      types: values,
      rules: others(producerSettingRules, values),
    },
    { self: producers, when: `has(${producers})`, types: [], rules: producerClientRules },
    {
      self: `${consumers}.config`,
      when: `has(${consumers})`,
      types: values,
      rules: others(consumerSettingRules, values),
    },
    { self: consumers, when: `has(${consumers})`, types: [], rules: consumerClientRules },
    { self: 'object.spec', types: [], rules: [...lagThresholdRules, ...togetherRules, ...recordSizeRules] },
  ],
  changes: [
    unchanged(['topic.config'], ONE_SET_OF_SETTINGS),
    {
      ...unchanged(['producers.config'], ONE_SET_OF_SETTINGS),
      cel: '!has(self.producers) || !has(oldSelf.producers) || self.producers.config == oldSelf.producers.config',
    },
  ],
});
