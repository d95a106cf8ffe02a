import { expect, test } from '@jest/globals';
import type { Snapshot, SnapshotRequest } from './snapshot.ts';
import { Snapshots, SubjectError } from './snapshots.ts';

const EVIDENCE = 'kafkalab-evidence';

/** A Kafka that fails every request with a topic or group in `broken`. With `*` it fails all of them. */
function kafka() {
  let now = 0;
  const broken = new Set<string>();
  /** The topics and groups of each snapshot, without the evidence topic. */
  const taken: string[][] = [];
  let pause: Promise<void> | undefined;
  const take = async (request: SnapshotRequest): Promise<Snapshot> => {
    const asked = [...request.topics, ...request.groups.keys()].filter((name) => name !== EVIDENCE);
    taken.push(asked);
    const at = now;
    await pause;
    const wrong = broken.has('*') ? '*' : asked.find((name) => broken.has(name));
    if (wrong !== undefined) throw new Error(`broken: ${wrong}`);
    const topics = new Map([...request.topics].map((name) => [name, null]));
    const groups = new Map([...request.groups.keys()].map((name) => [name, null]));
    return { request, at, spreadMs: 0, brokers: [], topics, lastStable: new Map(), groups };
  };
  const snapshots = new Snapshots(take, () => now);
  return {
    broken,
    taken,
    snapshots,
    pass: (ms: number) => {
      now += ms;
    },
    slow: (until: Promise<void> | undefined) => {
      pause = until;
    },
    ask: (topic: string | undefined, group?: string, maxAgeMs = 900) =>
      snapshots.of({ topic, group }, maxAgeMs).then(
        () => 'told',
        (error: Error) =>
          error instanceof SubjectError ? `not told (${(error.cause as Error).message})` : error.message,
      ),
  };
}

test('requests of the same moment share a snapshot, which serves later ones while it is fresh', async () => {
  const { ask, taken, pass } = kafka();
  await Promise.all([ask('t', 'g'), ask('u'), ask('t')]);
  pass(900);
  await ask('t', 'g');
  await ask('u');
  await ask(undefined);
  expect(taken).toEqual([['t', 'u', 'g']]);
  pass(1);
  await ask('u');
  expect(taken).toEqual([['t', 'u', 'g'], ['u']]);
});

test.each([6, 7, 14])(
  'of %i views, only those of the broken topic and of the broken group are without an answer',
  async (views) => {
    const { ask, broken } = kafka();
    broken.add('t3').add('g5');
    const numbers = Array.from({ length: views }, (_, index) => index);
    const answers = await Promise.all(numbers.map((index) => ask(`t${index}`, `g${index}`)));
    expect(answers).toEqual(
      numbers.map((index) => (index === 3 ? 'not told (broken: t3)' : index === 5 ? 'not told (broken: g5)' : 'told')),
    );
  },
);

test('what Kafka does not describe is no longer asked with the others, and rests for 3 s', async () => {
  const { ask, broken, taken, pass } = kafka();
  broken.add('b');
  await Promise.all([ask('a'), ask('b'), ask('c')]);
  taken.length = 0;
  pass(1_000);
  expect(await Promise.all([ask('a'), ask('b'), ask('c')])).toEqual(['told', 'not told (broken: b)', 'told']);
  expect(taken).toEqual([['a', 'c']]);
  pass(2_001);
  taken.length = 0;
  await Promise.all([ask('a'), ask('b'), ask('c')]);
  expect(taken).toEqual([['b'], [], ['a', 'c']]);
});

test('what Kafka describes again is asked with the others again', async () => {
  const { ask, broken, taken, pass } = kafka();
  broken.add('b');
  await Promise.all([ask('a'), ask('b')]);
  broken.clear();
  pass(3_001);
  expect(await ask('b')).toBe('told');
  pass(1_000);
  taken.length = 0;
  await Promise.all([ask('a'), ask('b')]);
  expect(taken).toEqual([['a', 'b']]);
});

test('a Kafka that does not answer at all is not asked about each', async () => {
  const { ask, broken, taken } = kafka();
  broken.add('*');
  const answers = await Promise.all(['a', 'b', 'c', 'd'].map((topic) => ask(topic)));
  expect(new Set(answers)).toEqual(new Set(['broken: *']));
  expect(taken).toEqual([['a', 'b', 'c', 'd'], []]);
});

test('a snapshot that began before an action does not serve views after it', async () => {
  const { ask, taken, slow, snapshots, broken } = kafka();
  const paused = Promise.withResolvers<void>();
  slow(paused.promise);
  const before = ask('t');
  await new Promise<void>((resolve) => {
    const look = () => (taken.length > 0 ? resolve() : setImmediate(look));
    look();
  });
  snapshots.forget();
  paused.resolve();
  await before;
  broken.add('t');
  expect(await ask('t')).toBe('not told (broken: t)');
});

test('a group is viewed in the topic that was asked for', async () => {
  const { snapshots } = kafka();
  const of = (topic: string) => snapshots.of({ topic, group: 'g' }, 900);
  const both = await Promise.all([of('t'), of('u')]);
  expect(both.map(({ request }) => request.groups.get('g'))).toEqual(['t', 'u']);
  expect((await of('t')).request.groups.get('g')).toBe('t');
});

test('a view with last stable offsets is not served by a snapshot without them', async () => {
  const { snapshots, taken } = kafka();
  const of = (lastStableOffsets: boolean) => snapshots.of({ topic: 't', group: 'g', lastStableOffsets }, 900);
  expect((await of(false)).request.lastStable).toEqual(new Set());
  expect((await of(true)).request.lastStable).toEqual(new Set(['t']));
  await of(false);
  expect(taken).toHaveLength(2);
});
