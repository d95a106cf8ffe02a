import { expect, test } from '@jest/globals';
import type { Query } from '../../contract/queries.ts';
import { nameOf, textOf } from './queryNames.ts';

const TOPICS = { apiVersion: 'kafka.strimzi.io/v1', kind: 'KafkaTopic' };
const topic = { ...TOPICS, namespace: 'kafka', name: 't' };
const list = (labelSelector: string, namespace = 'kafka'): Query => ({ list: TOPICS, namespace, labelSelector });

test('queries have the same name exactly when their watch is the same', () => {
  const different: Query[] = [
    { get: topic },
    { get: { ...topic, apiVersion: 'kafka.strimzi.io/v1beta2' } },
    { get: { ...topic, kind: 'KafkaTopicList' } },
    list('t'),
    // A label selector may contain spaces, and so may a name that is built from it.
    list('a in (b, c)'),
    list('in (b, c)', 'kafka a'),
    { served: 'kafka.strimzi.io/v1' },
    { get: { apiVersion: 'v1', kind: 'APIResourceList', namespace: '', name: 'kafka.strimzi.io/v1' } },
  ];
  expect(new Set(different.map(nameOf)).size).toBe(different.length);
  expect(nameOf({ get: topic, orForbidden: true })).toBe(nameOf({ get: topic }));
  expect(nameOf({ ...list('a=b'), orForbidden: true })).toBe(nameOf(list('a=b')));
});

test('the text of a query names its object, list or version', () => {
  expect(textOf({ get: topic })).toBe('KafkaTopic kafka/t');
  expect(textOf(list('a in (b, c)'))).toBe('KafkaTopicList kafka/a in (b, c)');
  expect(textOf({ served: 'kafka.strimzi.io/v1' })).toBe('APIResourceList /kafka.strimzi.io/v1');
});
