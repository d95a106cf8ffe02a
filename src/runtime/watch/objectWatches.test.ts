import { expect, test } from '@jest/globals';
import { keptLog, manualClock, settle } from '../../../test/support/kept.ts';
import type { KubernetesObject } from '../../contract/kubernetes.ts';
import type { Query } from '../../contract/queries.ts';
import { ApiError, type Cluster, type ResourceType, type Selection, type WatchEvent } from '../ports.ts';
import { objectWatches } from './objectWatches.ts';

const TOPICS = { apiVersion: 'kafka.strimzi.io/v1', kind: 'KafkaTopic' };
const topic = (name: string, resourceVersion = '5'): KubernetesObject => ({
  ...TOPICS,
  metadata: { namespace: 'kafka', name, uid: name, resourceVersion },
});
const get = (name: string): Query => ({ get: { ...TOPICS, namespace: 'kafka', name } });
const list: Query = { list: TOPICS, namespace: 'kafka', labelSelector: 'app in (a, b)' };
const served: Query = { served: 'kafka.strimzi.io/v1' };

/** An API server with the given answers that records its requests. */
function bench(answers: {
  list?: (of: Selection) => KubernetesObject[];
  served?: () => string[];
  news?: Promise<WatchEvent>;
}) {
  const clock = manualClock();
  const asked: (ResourceType & Selection)[] = [];
  const changed: string[] = [];
  const cluster: Pick<Cluster, 'list' | 'watch' | 'served'> = {
    async list(type, of) {
      asked.push({ ...type, ...of });
      return { items: answers.list?.(of) ?? [], resourceVersion: '10' };
    },
    async *watch(_type, _of, _version, signal) {
      if (answers.news) yield await answers.news;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
    served: async () => answers.served?.() ?? [],
  };
  const options = { cluster, clock, random: () => 0.5, log: keptLog() };
  const watches = objectWatches(options, (key) => changed.push(key));
  return { clock, asked, changed, watches };
}

const refuse = (): never => {
  throw new ApiError(403, 'Forbidden', 'kafkatopics is forbidden');
};

test('each form of query has its own form of answer', async () => {
  const { asked, watches } = bench({
    list: ({ fieldSelector }) => (fieldSelector === 'metadata.name=gone' ? [] : [topic('t')]),
    served: () => ['KafkaTopic', 'Kafka'],
  });
  watches.want('a', [get('t'), get('gone'), list, served]);
  expect(await watches.read(get('t'))).toEqual({ object: topic('t') });
  expect(await watches.read(get('gone'))).toEqual({ object: null });
  expect(await watches.read(list)).toEqual({ items: [topic('t')] });
  expect(await watches.read(served)).toEqual({ kinds: ['Kafka', 'KafkaTopic'] });
  expect(asked).toEqual([
    { ...TOPICS, namespace: 'kafka', fieldSelector: 'metadata.name=t' },
    { ...TOPICS, namespace: 'kafka', fieldSelector: 'metadata.name=gone' },
    { ...TOPICS, namespace: 'kafka', labelSelector: 'app in (a, b)' },
  ]);
  await watches.stop();
});

test('an unknown API version has no kinds', async () => {
  const { watches } = bench({});
  watches.want('a', [served]);
  expect(await watches.read(served)).toEqual({ kinds: [] });
  await watches.stop();
});

test('a forbidden query fails unless it has orForbidden', async () => {
  const { asked, watches } = bench({ list: refuse, served: refuse });
  watches.want('a', [get('t'), served]);
  watches.want('b', [{ ...get('t'), orForbidden: true }]);
  await settle();
  expect(asked).toHaveLength(1);
  expect(await watches.read({ ...get('t'), orForbidden: true })).toEqual({ forbidden: 'kafkatopics is forbidden' });
  const fails = async (query: Query, message: string) =>
    await expect(watches.read(query)).rejects.toMatchObject({ status: 403, reason: 'Forbidden', message });
  await fails(get('t'), "KafkaTopic kafka/t can't be read: kafkatopics is forbidden");
  await fails(served, "APIResourceList /kafka.strimzi.io/v1 can't be read: kafkatopics is forbidden");
  await watches.stop();
});

test('the first read of a forbidden query does not wait', async () => {
  const query: Query = { ...list, orForbidden: true };
  const { watches } = bench({ list: refuse });
  watches.want('a', [query]);
  expect(await watches.read(query)).toEqual({ forbidden: 'kafkatopics is forbidden' });
  await watches.stop();
});

test('a query without an answer within 10 s fails even with orForbidden', async () => {
  const query: Query = { ...list, orForbidden: true };
  const { clock, watches } = bench({
    list: () => {
      throw new ApiError(503, 'ServiceUnavailable', 'it starts');
    },
  });
  watches.want('a', [query]);
  const failed = expect(watches.read(query)).rejects.toMatchObject({
    status: 0,
    reason: 'Timeout',
    message: "KafkaTopicList kafka/app in (a, b) can't be read: it starts",
  });
  await clock.advance(10_000);
  await failed;
  await watches.stop();
});

test('a change notifies every key that has the query', async () => {
  let send: (event: WatchEvent) => void = () => {};
  const news = new Promise<WatchEvent>((resolve) => {
    send = resolve;
  });
  const { changed, watches } = bench({ list: () => [topic('t')], news });
  for (const key of ['a', 'b', 'c']) watches.want(key, [get('t')]);
  await watches.read(get('t'));
  watches.want('c', []);
  changed.length = 0;
  send({ type: 'MODIFIED', object: topic('t', '11') });
  await settle();
  expect(changed).toEqual(['a', 'b']);
  expect(await watches.read(get('t'))).toEqual({ object: topic('t', '11') });
  watches.want('a', []);
  watches.want('b', []);
  await expect(watches.read(get('t'))).rejects.toThrow('KafkaTopic kafka/t is read without being wanted');
  await watches.stop();
});

test('a new kind notifies every key that has the query', async () => {
  let kinds = ['Kafka'];
  const { clock, changed, watches } = bench({ served: () => [...kinds] });
  watches.want('a', [served]);
  await watches.read(served);
  kinds = ['Kafka', 'KafkaTopic'];
  await clock.advance(30_000);
  expect(changed).toEqual(['a']);
  expect(await watches.read(served)).toEqual({ kinds });
  await watches.stop();
});
