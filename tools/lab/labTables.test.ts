import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { loadAll } from 'js-yaml';
import { type ConsumerScale, consumerScaleSchema } from '../../src/api/consumerscale/consumerScale.ts';
import { type Lab, labSchema } from '../../src/api/lab/lab.ts';
import type { LabStepStatus } from '../../src/api/lab/status.ts';
import { type LoadTest, loadTestSchema } from '../../src/api/loadtest/loadTest.ts';
import { gradedLabOf, gradedNumbers, labNumbers, labOf } from './labRun.ts';
import { labProgress, labResult, progress, result, sideBySide, type Trial, warnings } from './labTables.ts';

/** Objects as the API server returns them, with defaults. Fields that the CRD lacks are refused. */
function recorded(): Required<Trial> {
  const path = join(import.meta.dirname, '../../test/support/labs/round.yaml');
  const [test, scale] = loadAll(readFileSync(path, 'utf8')) as [LoadTest, ConsumerScale];
  loadTestSchema.status.parse(test.status);
  consumerScaleSchema.status.parse(scale.status);
  return { test: { ...test, spec: loadTestSchema.spec.parse(test.spec) }, scale };
}
const { test: round, scale } = recorded();

test('progress is one line', () => {
  expect(progress(round, scale)).toBe(
    'Running | producers 1/1 | consumers 4/2 (2 in the group) | 1 msg/s in, 1 out | lag 29 | rebalances 3 | step 3/3: 3 steps',
  );
  const { status: _, ...fresh } = round;
  expect(progress(fresh, undefined)).toBe(
    'Pending | producers 0/1 | consumers 0/2 (0 in the group) | 0 msg/s in, 0 out | lag - | rebalances 0',
  );
});

test('the result has steps, rebalances and delivery', () => {
  expect(result(round, scale)).toBe(`Lag by step (records; measured by committed offsets)
step  consumers  partitions  phase  lag before  peak  after  drained in  rebalances  moved  longest pause  stop-the-world
----  ---------  ----------  -----  ----------  ----  -----  ----------  ----------  -----  -------------  --------------
1     1          3           Done   0           19    19     -           1           3      0 ms           0 ms
2     2          3           Done   19          31    28     12.3 s      1           1      9120 ms        2874 ms
3     4          3           Done   28          29    29     -           1           0      0 ms           0 ms

Rebalances (3)
#  at        trigger  members  moved  longest pause  stop-the-world  who gained and lost
-  --------  -------  -------  -----  -------------  --------------  ----------------------------------------
1  10:00:21  ScaleUp  0 -> 1   3      0 ms           0 ms            round-consumer-0 +0,1,2
2  10:00:47  ScaleUp  1 -> 2   1      9120 ms        2874 ms         round-consumer-0 -2; round-consumer-1 +2
3  10:01:09  ScaleUp  2 -> 4   0      0 ms           0 ms

Produced 100, consumed 71, duplicated 0, skipped 0; send latency p50 4.1 ms, p99 9.5 ms`);
});

test('the result has no steps without a schedule and dashes without a status', () => {
  const { status: _, ...fresh } = round;
  expect(result(fresh, undefined)).toBe(`Rebalances (0)
#  at  trigger  members  moved  longest pause  stop-the-world  who gained and lost
-  --  -------  -------  -----  -------------  --------------  -------------------

Produced 0, consumed 0, duplicated 0, skipped 0; send latency p50 - ms, p99 - ms`);
});

test('only conditions that warn become warnings', () => {
  expect(warnings(round)).toEqual([expect.stringMatching(/^IdleConsumers: 4 members, 3 partitions: round-consumer-3/)]);
});

test('protocols side by side separate moved partitions from those that fast and slow members keep', () => {
  const consumers = {
    ...(round.spec.consumers as object),
    identity: 'Static',
    processing: { slowMember: { perPoll: '2s' } },
  };
  const other = { ...round, spec: { ...round.spec, consumers } } as unknown as LoadTest;
  const steps = scale.status?.steps?.map((step, index) => (index < 2 ? step : { phase: 'Pending' as const }));
  const half = { ...scale, status: { ...scale.status, steps } } as ConsumerScale;
  expect(
    sideBySide([
      { test: round, scale },
      { test: other, scale: half },
    ]),
  ).toBe(`event            protocol       handlers                moved  pause: moved  kept by fast members  kept by the slow member  stop-the-world
---------------  -------------  ----------------------  -----  ------------  --------------------  -----------------------  --------------
1st joins        range          fast                    3      0 ms          0 ms                  -                        no
1st joins        range, static  one slow (2s per poll)  3      0 ms          0 ms                  0 ms                     no
2nd joins        range          fast                    1      5990 ms       9120 ms               -                        2874 ms
2nd joins        range, static  one slow (2s per poll)  1      5990 ms       0 ms                  9120 ms                  2874 ms
3rd to 4th join  range          fast                    0      -             ?                     -                        no
3rd to 4th join  range, static  one slow (2s per poll)  -      -             -                     -                        -`);
});

const LAG = 'lag.total < before.lag.total';
const MEMBERS = 'group.members.size() == 2 && group.members.all(m, m.partitions.size() >= 1 && m.source == "Clients")';

/** A lab of three steps with the given step statuses. */
function labWith(phase: 'Running' | 'Failed', message: string, steps: LabStepStatus[]): Lab {
  const at = '2026-01-01T00:00:00Z';
  const status = labSchema.status.parse({
    phase,
    observedGeneration: 1,
    conditions: [{ type: 'Ready', status: 'False', reason: 'Because', message, lastTransitionTime: at }],
    steps,
  });
  const spec = labSchema.spec.parse({
    title: 'A small lab',
    steps: [
      { name: 'begin', observe: {}, expect: [{ that: MEMBERS }, { that: LAG, because: 'two do more than one' }] },
      { name: 'a while', wait: '10s' },
      { name: 'then', observe: {}, expect: [{ that: 'false' }] },
    ],
  });
  return {
    apiVersion: 'kafkalab.dev/v1alpha1',
    kind: 'Lab',
    metadata: { name: 'small', namespace: 'default', uid: 'uid', generation: 1, creationTimestamp: at },
    spec,
    status,
  };
}
const SEEN = { startedAt: '2026-01-01T00:00:00Z', doneAt: '2026-01-01T00:00:09Z' };
const pendingSteps: LabStepStatus[] = [
  { name: 'a while', phase: 'Pending' },
  { name: 'then', phase: 'Pending', expectations: [{ that: 'false' }] },
];

test('the progress of a graded lab has each step that has begun, and its expectations once the step is done', () => {
  const waiting: LabStepStatus = {
    name: 'begin',
    phase: 'Running',
    startedAt: SEEN.startedAt,
    message: 'creating LoadTest x',
    expectations: [{ that: MEMBERS }, { that: LAG }],
  };
  expect(labProgress(labWith('Running', 'x', [waiting, ...pendingSteps]))).toEqual([
    ['0', 'step 1/3 begin: creating LoadTest x'],
  ]);
  const { message: _, ...begun } = waiting;
  const judging = {
    ...begun,
    ...SEEN,
    expectations: [
      { that: MEMBERS, passed: true },
      { that: LAG, observed: 'lag.total = 7' },
    ],
  };
  expect(labProgress(labWith('Running', 'x', [judging, ...pendingSteps]))).toEqual([
    ['0', 'step 1/3 begin: done'],
    ['0.0', `  passed: ${MEMBERS}`],
    ['0.1', `  waiting: ${LAG} (lag.total = 7)`],
  ]);
  const broken: LabStepStatus = { name: 'begin', phase: 'Failed', startedAt: SEEN.startedAt, message: 'no such topic' };
  expect(labProgress(labWith('Failed', 'x', [broken, ...pendingSteps]))).toEqual([
    ['0', 'step 1/3 begin: FAILED: no such topic'],
  ]);
  const { status: _status, ...fresh } = labWith('Running', 'x', []);
  expect(labProgress(fresh)).toEqual([]);
});

test('the result of a graded lab has every expectation, the details of failed ones and the verdict', () => {
  const judged: LabStepStatus = {
    name: 'begin',
    phase: 'Failed',
    ...SEEN,
    expectations: [
      {
        that: MEMBERS,
        passed: true,
        observed: 'group.members.size() = 2, group.members = [{name: "a"}, {name: "b"}, {name: "c"}]',
      },
      { that: LAG, passed: false, observed: 'lag.total = 70' },
    ],
  };
  const steps = [
    judged,
    { name: 'a while', phase: 'Passed' as const, ...SEEN },
    { ...pendingSteps[1], phase: 'NotRun' } as LabStepStatus,
  ];
  expect(labResult(labWith('Failed', '1 of 3 expectations met', steps))).toBe(`A small lab
step  what     phase   expected                                                                          verdict     observed
----  -------  ------  --------------------------------------------------------------------------------  ----------  ------------------------------------------------------------
1     begin    Failed  group.members.size() == 2 && group.members.all(m, m.partitions.size() >= 1 && m…  passed      group.members.size() = 2, group.members = [{name: "a"}, {na…
                       lag.total < before.lag.total                                                      FAILED      lag.total = 70
2     a while  Passed
3     then     NotRun  false                                                                             not judged

Failed in step 1 (begin): lag.total < before.lag.total
  expected because two do more than one
  observed: lag.total = 70

Failed: 1 of 3 expectations met`);
});

test.each(labNumbers())(
  '%s: every object has the label of its lab, and the header has the command to start',
  (file) => {
    const number = file.slice(0, 2);
    const path = join(import.meta.dirname, '../../manifests/labs', file);
    const text = readFileSync(path, 'utf8');
    expect(text).toContain(`# Lab ${number}`);
    expect(text).toContain(`kubectl apply -f manifests/labs/${file}`);
    for (const { metadata } of loadAll(text) as { metadata: { labels?: object } }[]) {
      expect(metadata.labels).toEqual({ 'kafkalab.dev/lab': number });
    }
    expect(labOf(String(Number(number)))).toMatchObject({ number, file: `manifests/labs/${file}` });
  },
);

test('lab 08 runs its eight trials one by one, and lab 06 its three together', () => {
  expect(labOf('08')).toMatchObject({ oneByOne: true });
  expect(labOf('08').trials.map(({ test: name, scale: schedule }) => name === schedule)).toEqual(Array(8).fill(true));
  expect(labOf('06')).toMatchObject({ oneByOne: false, trials: [{ test: 'endless' }, {}, {}] });
});

test('a graded lab has the objects of its graded and its plain form', () => {
  expect(gradedLabOf('4')).toMatchObject({
    number: '04',
    file: 'manifests/labs/graded/04-rebalancing-round.yaml',
    graded: 'round',
    trials: [{ test: 'round' }],
    oneByOne: false,
    objects: [
      { type: 'lab', name: 'round' },
      { type: 'consumerscale', name: 'round' },
      { type: 'loadtest', name: 'round' },
    ],
  });
  expect(labOf('04').objects).toEqual(gradedLabOf('04')?.objects);
  expect(gradedLabOf('05')?.objects).toContainEqual({ type: 'deployment', name: 'somebody-elses-consumer' });
  expect(gradedLabOf('08')).toMatchObject({ oneByOne: true });
  expect(gradedLabOf('99')).toBeUndefined();
});

test.each(gradedNumbers())('%s: make lab finds it, and the header has the command to start', (file) => {
  expect(gradedLabOf(file.slice(0, 2))).toMatchObject({ file: `manifests/labs/graded/${file}` });
  const text = readFileSync(join(import.meta.dirname, '../../manifests/labs/graded', file), 'utf8');
  expect(text).toContain(`# Lab ${file.slice(0, 2)}, graded`);
  expect(text).toContain(`kubectl apply -f manifests/labs/graded/${file}`);
});

test('a lab that exists only with grades is refused as a plain one', () => {
  expect(() => labOf('09')).toThrow(/exists only with grades .*Use make lab LAB=09 without PLAIN/);
});

test('an unknown lab is refused with a list of the existing ones', () => {
  expect(() => labOf('99')).toThrow(/there is no lab "99"\. Use one of these:\n {2}make lab LAB=01/);
});

/** The checks of the API server that a schema covers. */
test.each(['01', '02', '03', '04', '05', '06', '07', '08'])('the CRDs accept the manifests of lab %s', (number) => {
  for (const { kind, spec } of loadAll(readFileSync(labOf(number).path, 'utf8')) as {
    kind: string;
    spec: unknown;
  }[]) {
    if (kind === 'Deployment') continue;
    (kind === 'LoadTest' ? loadTestSchema : consumerScaleSchema).spec.parse(spec);
  }
});
