/** A LoadTest with an operator that dies at any moment and a Kafka with changing moods. For ConsumerScale see schedules.test.ts. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Lab, LoadTestWorld, type Moment, type Mood } from '../support/loadTestWorld.ts';

const lab: fc.Arbitrary<Lab> = fc
  .record({
    management: fc.constantFrom<Lab['management'][]>('Auto', 'Auto', 'Strimzi', 'Admin', 'Existing'),
    raiseExisting: fc.boolean(),
    strimzi: fc.boolean(),
    deletionPolicy: fc.constantFrom<Lab['deletionPolicy'][]>('Delete', 'Retain'),
    found: fc.constantFrom(0, 0, 1, 3, 9),
    groupFound: fc.boolean(),
    after: fc.boolean(),
    others: fc.boolean(),
  })
  .map((how) => ({
    ...how,
    strimzi: how.strimzi || how.management === 'Strimzi',
    raiseExisting: how.raiseExisting && how.management !== 'Existing',
  }));

const MOODS: Mood[] = ['Up', 'Away', 'Refuses', 'Deaf', 'Foreign'];
const momentWith = (...moods: Mood[]): fc.Arbitrary<Moment> =>
  fc.record(
    {
      mood: fc.constantFrom(...moods),
      diesAfter: fc.nat(4),
      unread: fc.boolean(),
      nextMs: fc.integer({ min: 1, max: 3_000 }),
    },
    { requiredKeys: ['mood', 'unread', 'nextMs'] },
  );
const moments = (...moods: Mood[]) => fc.array(momentWith(...moods), { maxLength: 25 });
const calm = (mood: Mood): Moment => ({ mood, unread: false, nextMs: 1_000 });

/** The rounds until the end: one minute for the deletion, and some more. */
const MOST_ROUNDS = 75;

function settle(world: LoadTestWorld, mood: Mood, over: () => boolean): void {
  for (let n = 0; n < MOST_ROUNDS; n++) {
    if (over()) return;
    world.round(calm(mood));
  }
  if (!over()) throw new Error(`not over after ${MOST_ROUNDS} rounds: ${JSON.stringify(world.status?.conditions)}`);
}

test('topics and clients are created after their creation is recorded', () => {
  fc.assert(
    fc.property(lab, moments(...MOODS), moments(...MOODS), (how, before, after) => {
      const world = new LoadTestWorld(how);
      for (const moment of before) world.round(moment);
      world.delete();
      for (const moment of after) world.round(moment);
      for (const { what, recorded, topicThere } of world.deeds) {
        if (typeof what === 'string') {
          expect(recorded?.evidence).toBeDefined();
          expect(topicThere).toBe(true);
        } else if (what.type === 'CreateTopic' || what.type === 'ApplyObject') {
          if (what.type === 'CreateTopic') expect(recorded?.topic?.creation).toBeDefined();
          else expect(recorded?.topic).toMatchObject({ created: true, managedBy: 'Strimzi' });
        } else if (what.type === 'DeleteTopic' || what.type === 'DeleteObject') {
          expect(recorded?.topic).toBeDefined();
          expect(how.deletionPolicy).toBe('Delete');
        } else if (what.type === 'DeleteGroup') expect(recorded?.consumers?.groupCreated).toBe(true);
      }
      if (world.topic?.ours === true || world.kafkaTopic !== null) expect(world.status?.topic).toBeDefined();
    }),
    { numRuns: 300 },
  );
});

test('a deletion ends for any mood of Kafka and any death of the operator', () => {
  fc.assert(
    fc.property(lab, moments(...MOODS), moments(...MOODS), fc.constantFrom(...MOODS), (how, before, after, last) => {
      const world = new LoadTestWorld(how);
      for (const moment of before) world.round(moment);
      world.delete();
      for (const moment of after) world.round(moment);
      settle(world, last, () => world.finished);
    }),
    { numRuns: 200 },
  );
});

test('with a Kafka that answers, a deletion removes exactly what the LoadTest created', () => {
  fc.assert(
    fc.property(lab, moments('Up', 'Away', 'Refuses'), moments('Up'), (how, before, after) => {
      const world = new LoadTestWorld(how);
      for (const moment of before) world.round(moment);
      const { topic, group } = world;
      world.delete();
      for (const moment of after) world.round(moment);
      settle(world, 'Up', () => world.finished);
      // An operator that died before it recorded Kafka's answer does not know whether the topic is its own.
      const left = world.events.includes('LeftBehind');
      if (left) expect(before.concat(after).some(({ diesAfter }) => diesAfter !== undefined)).toBe(true);
      if (topic?.ours !== false && how.deletionPolicy === 'Delete' && !left) {
        expect(world.topic).toBeUndefined();
        expect(world.kafkaTopic).toBeNull();
      } else expect(world.topic).toEqual(topic);
      if (how.management === 'Auto' && how.found > 0 && !how.raiseExisting) expect(topic?.partitions).toBe(how.found);
      if (how.groupFound) expect(world.group).toBe(true);
      else if (group) expect(world.group).toBe(false);
    }),
    { numRuns: 200 },
  );
});

test('a LoadTest completes once Kafka answers again, also while another producer keeps appending', () => {
  fc.assert(
    fc.property(lab, moments(...MOODS), (how, before) => {
      // In these cases the LoadTest waits for its user.
      fc.pre(how.management !== 'Existing' || how.found >= 3);
      fc.pre(how.management !== 'Strimzi' || how.found === 0);
      fc.pre(how.management !== 'Auto' || how.raiseExisting || how.found === 0 || how.found >= 3);
      const world = new LoadTestWorld(how);
      for (const moment of before) world.round(moment);
      settle(world, 'Up', () => world.status?.phase === 'Completed');
      expect(world.events.filter((reason) => reason === 'Completed')).toHaveLength(1);
      expect(world.status?.producers).toMatchObject({ acknowledged: 20, done: 2 });
    }),
    { numRuns: 200 },
  );
});

test('with somebody else at the topic, the operator deletes only what it created, and names what it leaves', () => {
  const rival = fc.record({
    does: fc.constantFrom<NonNullable<Moment['rival']>['does'][]>('Create', 'Delete', 'Recreate'),
    before: fc.nat(3),
  });
  const contested = (...moods: Mood[]) =>
    fc.array(
      fc
        .tuple(momentWith(...moods), fc.option(rival, { nil: undefined }))
        .map(([moment, what]): Moment => (what === undefined ? moment : { ...moment, rival: what })),
      { maxLength: 25 },
    );
  // A KafkaTopic owns its topic, whoever created that.
  const byAdmin = lab.map(
    (how): Lab => ({ ...how, strimzi: false, management: how.management === 'Strimzi' ? 'Auto' : how.management }),
  );
  let left = 0;
  let deleted = 0;
  fc.assert(
    fc.property(byAdmin, contested(...MOODS), contested(...MOODS), (how, before, after) => {
      const world = new LoadTestWorld(how);
      for (const moment of before) world.round(moment);
      world.delete();
      for (const moment of after) world.round(moment);
      settle(world, 'Up', () => world.finished);
      expect(world.deleted.filter(({ ours }) => !ours)).toEqual([]);
      deleted += world.deleted.length;
      if (world.topic?.ours !== true || how.deletionPolicy === 'Retain') return;
      left++;
      expect(world.events).toContain('LeftBehind');
    }),
    // A contested topic is seldom deleted.
    { numRuns: 1_200 },
  );
  expect(left).toBeGreaterThan(0);
  expect(deleted).toBeGreaterThan(0);
});
