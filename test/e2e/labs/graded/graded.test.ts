/**
 * Every graded lab of manifests/labs/graded passes as it is (the largest with fewer pods), takes with it what it made, and
 * fails where it should when something of it is put wrong.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadAll } from 'js-yaml';
import type { Lab, LabInput } from '../../../../src/api/lab.ts';
import type { LoadTest, LoadTestInput } from '../../../../src/api/loadTest.ts';
import { applyIn, makeNamespace, removeNamespace, topics, untilLab } from '../../../support/clusterLab.ts';
import { kubectl, list } from '../../../support/kubectl.ts';
import { room } from '../../../support/room.ts';

const NAMESPACE = 'graded';
const FOLDER = join(import.meta.dirname, '../../../../manifests/labs/graded');
const MINUTE = 60_000;

interface Manifest {
  metadata: { name: string };
  spec: LabInput;
}

/** What is somebody else's, in the same file. */
interface Deployment {
  kind: 'Deployment';
  metadata: { name: string };
  spec: { template: { spec: { containers: { args: string[] }[] } } };
}

/** One file: the Lab, and what is applied before it. */
interface Script {
  lab: Manifest;
  beside: Deployment[];
}

interface Graded {
  file: string;
  minutes: number;
  /** With fewer pods: what it shows stays. */
  small?: (lab: Manifest) => void;
  /** What is put wrong, and where that has to show. */
  sabotage: (lab: Manifest, beside: Deployment[]) => void;
  fails: { step: string; that: string };
}

const testOf = ({ spec }: Manifest, name: string): LoadTestInput => {
  const found = spec.resources?.find(({ kind, metadata }) => kind === 'LoadTest' && metadata.name === name);
  if (found === undefined) throw new Error(`there is no LoadTest ${name}`);
  return found.spec as unknown as LoadTestInput;
};
const stepOf = ({ spec }: Manifest, name: string): LabInput['steps'][number] => {
  const found = spec.steps.find((step) => step.name === name);
  if (found === undefined) throw new Error(`there is no step ${name}`);
  return found;
};
const without = ({ spec }: Manifest, name: string): void => {
  const kept = spec.steps.filter((step) => step.name !== name);
  expect(kept).toHaveLength(spec.steps.length - 1);
  spec.steps = kept;
};
const configOf = (lab: Manifest, name: string): Record<string, string> => {
  const { consumers } = testOf(lab, name);
  if (consumers?.config === undefined) throw new Error(`LoadTest ${name} has no settings of consumers`);
  return consumers.config;
};

/** The same rate from two pods, in batches: what a record costs the brokers is not what these labs show. */
const fewer = (name: string) => (lab: Manifest) => {
  testOf(lab, name).producers = {
    replicas: 4,
    clientsPerPod: 2,
    messagesPerSecond: 50,
    config: { 'linger.ms': '100' },
  };
};

/** Only these LoadTests, what steps do with them, and what is expected of one of them. */
function only({ spec }: Manifest, names: string[]): void {
  const others = (spec.resources ?? []).map(({ metadata }) => metadata.name).filter((name) => !names.includes(name));
  const isOfOthers = (part: object) => others.some((name) => JSON.stringify(part).includes(name));
  spec.resources = (spec.resources ?? []).filter(({ metadata }) => names.includes(metadata.name));
  spec.steps = spec.steps
    .filter(({ apply, stop }) => !isOfOthers({ apply, stop }))
    .map((step) => ({ ...step, expect: (step.expect ?? []).filter(({ that }) => !isOfOthers({ that })) }));
}
/** Fewer joins and leaves, of which none is of a single consumer; and records in small batches. */
function shorter({ spec }: Manifest): void {
  for (const { kind, spec: of } of spec.resources ?? []) {
    if (kind === 'ConsumerScale') of.steps = [3, 4, 3, 4, 3].map((consumers) => ({ consumers, hold: '2s' }));
    else (of.producers as { config?: Record<string, string> }).config = { 'linger.ms': '20' };
  }
}

const GRADED: Graded[] = [
  {
    file: '01-lag-and-consumers.yaml',
    minutes: 15,
    small: fewer('lag'),
    sabotage: (lab) => {
      fewer('lag')(lab);
      (testOf(lab, 'lag').consumers as NonNullable<LoadTestInput['consumers']>).processing = { perRecord: '0ms' };
    },
    fails: { step: 'it falls behind', that: 'lag.total > before.lag.total + 3000' },
  },
  {
    file: '02-more-consumers-than-partitions.yaml',
    minutes: 12,
    small: fewer('surplus'),
    sabotage: (lab) => {
      fewer('surplus')(lab);
      testOf(lab, 'surplus').topic.partitions = 10;
    },
    fails: { step: 'one more', that: 'group.members.size() == 10 && group.idle.size() == 1' },
  },
  {
    file: '03-lag-monitor.yaml',
    minutes: 6,
    sabotage: (lab) => {
      testOf(lab, 'monitor').lagThreshold = 1_000_000;
    },
    fails: { step: 'it is stopped', that: 'c.status == "True"' },
  },
  {
    file: '04-rebalancing-round.yaml',
    minutes: 12,
    sabotage: (lab) => {
      testOf(lab, 'round').topic.partitions = 4;
    },
    fails: { step: 'a fourth has nothing to do', that: 'group.idle.size() == 1' },
  },
  {
    file: '05-foreign-members.yaml',
    minutes: 12,
    sabotage: (_, [deployment]) => {
      const [container] = deployment?.spec.template.spec.containers ?? [];
      if (container?.args.at(-1) !== '--group=foreign') throw new Error('no group to be put wrong');
      container.args = container.args.with(-1, '--group=elsewhere');
    },
    fails: { step: 'one of somebody else’s joins', that: 'm.source == "Broker"' },
  },
  {
    file: '06-endless-rebalancing.yaml',
    minutes: 15,
    small: (lab) => {
      (testOf(lab, 'endless-cured').producers as NonNullable<LoadTestInput['producers']>).messages = 4_000;
      const cure = stepOf(lab, 'the cure');
      cure.expect = (cure.expect ?? []).map((one) => ({ ...one, that: one.that.replace('== 12000', '== 4000') }));
    },
    sabotage: (lab) => {
      configOf(lab, 'endless')['max.poll.records'] = '50';
      without(lab, 'the cure');
    },
    fails: { step: 'too much work for a poll', that: 'r.trigger == "PollIntervalExceeded"' },
  },
  {
    file: '07-clean-stop-against-crash.yaml',
    minutes: 10,
    sabotage: (lab) => {
      stepOf(lab, 'one is killed').scale = { loadTest: 'crash', consumers: 2 };
    },
    fails: { step: 'one is killed', that: 'r.longestPauseMs > 6000' },
  },
  {
    file: '08-protocols.yaml',
    minutes: 15,
    small: (lab) => {
      only(lab, ['range-slow', 'cooperative-slow', 'consumer-slow']);
      shorter(lab);
    },
    sabotage: (lab) => {
      only(lab, ['cooperative-slow']);
      shorter(lab);
      configOf(lab, 'cooperative-slow')['partition.assignment.strategy'] = 'range';
    },
    fails: { step: 'cooperative-slow, joins and leaves', that: 'r.protocol == "Cooperative"' },
  },
  {
    file: '09-no-key.yaml',
    minutes: 8,
    sabotage: (lab) => without(lab, 'a second partition'),
    fails: { step: 'ten more', that: 'produced.second.producers.partitions.size() == 2' },
  },
  {
    file: '10-key.yaml',
    minutes: 8,
    sabotage: (lab) => {
      (stepOf(lab, 'ten more with key1').produce as { keys: string[] }).keys = ['key2'];
    },
    fails: { step: 'ten more with key1', that: '.partition == produced.one.keys.list[0].partitions[0].partition' },
  },
  {
    file: '11-partitions-under-keys.yaml',
    minutes: 8,
    sabotage: (lab) => without(lab, 'a third partition'),
    fails: { step: 'newer records overtake older ones', that: 'keys.outOfOrder == 2' },
  },
  {
    file: '12-own-partitioner.yaml',
    minutes: 8,
    sabotage: (lab) => {
      (stepOf(lab, 'all to one').produce as { producers: unknown }).producers = { partitioner: { mode: 'RoundRobin' } };
    },
    fails: { step: 'all to one', that: 'produced.explicit.producers.partitions.size() == 1' },
  },
  {
    file: '13-new-partitions-and-latest.yaml',
    minutes: 10,
    sabotage: (lab) => {
      configOf(lab, 'latest')['auto.offset.reset'] = 'earliest';
    },
    fails: { step: 'no more records', that: '< loadTests.latest.delivery.produced' },
  },
  {
    file: '25-auto-offset-reset.yaml',
    minutes: 8,
    sabotage: (lab) => {
      configOf(lab, 'resetlatest')['auto.offset.reset'] = 'earliest';
    },
    fails: { step: 'it has time to read', that: 'loadTests.resetlatest.consumers.consumed == 0' },
  },
  {
    file: '26-auto-commit.yaml',
    minutes: 8,
    sabotage: (lab) => {
      const consumers = testOf(lab, 'auto-commit').consumers as NonNullable<LoadTestInput['consumers']>;
      consumers.commit = { mode: 'Record' };
      delete consumers.config?.['auto.commit.interval.ms'];
    },
    fails: { step: 'and comes back', that: 'delivery.consumed == 20 && delivery.duplicated == 10' },
  },
  {
    file: '27-manual-commit.yaml',
    minutes: 12,
    sabotage: (lab) => {
      (testOf(lab, 'every').consumers as NonNullable<LoadTestInput['consumers']>).commit = { mode: 'Never' };
    },
    fails: { step: 'ten more records', that: 'loadTests.every.delivery.consumed == 1010' },
  },
  {
    file: '28-throughput-and-latency.yaml',
    minutes: 6,
    sabotage: (lab) => {
      (testOf(lab, 'rate').producers as NonNullable<LoadTestInput['producers']>).messages = 999;
    },
    fails: { step: '1000 records', that: 'producers.acknowledged == 1000' },
  },
];

function read(file: string): Script {
  const documents = loadAll(readFileSync(join(FOLDER, file), 'utf8')) as ((Manifest & { kind: 'Lab' }) | Deployment)[];
  const [lab, ...labs] = documents.filter((one) => one.kind === 'Lab');
  if (lab === undefined || labs.length > 0) throw new Error(`${file} has to have one Lab`);
  return { lab, beside: documents.filter((one) => one.kind !== 'Lab') };
}

/** What is waited for in vain need not be waited for long, and what comes after it tells nothing more. */
function hurried({ spec }: Manifest, last: string): void {
  const index = spec.steps.findIndex(({ name }) => name === last);
  if (index === -1) throw new Error(`there is no step ${last}`);
  spec.steps = spec.steps.slice(0, index + 1);
  for (const one of spec.steps[index]?.expect ?? []) one.within = '45s';
}

async function graded({ lab: manifest, beside }: Script, minutes: number): Promise<Lab> {
  const { name } = manifest.metadata;
  await applyIn(NAMESPACE, ...beside, manifest);
  const over = await untilLab(
    NAMESPACE,
    name,
    'is over',
    ({ status }) => status?.phase === 'Passed' || status?.phase === 'Failed',
    minutes * MINUTE,
  );
  if (over.status?.phase === 'Failed') rebalancesOf.set(over, await rebalances(name));
  await removed(manifest, beside);
  return over;
}

/** Of a lab that failed, for the one who has to find out why: its LoadTests are gone by then. */
const rebalancesOf = new WeakMap<Lab, string[]>();

async function rebalances(lab: string): Promise<string[]> {
  const tests = await list<LoadTest>('loadtest', NAMESPACE, `kafkalab.dev/lab=${lab}`);
  return tests.flatMap(({ metadata, status }) =>
    (status?.rebalances?.recent ?? []).map(
      ({ number, at, trigger, longestPauseMs, reason }) =>
        `${metadata.name} ${number} at ${at}: ${trigger}, ${longestPauseMs} ms: ${reason}`,
    ),
  );
}

/** With all that it made. */
async function removed({ metadata: { name }, spec }: Manifest, beside: readonly Deployment[]): Promise<void> {
  // A consumer that goes on would make the Lab's topic again.
  for (const { metadata } of beside) {
    await kubectl(['delete', 'deployment', metadata.name, '-n', NAMESPACE, '--cascade=foreground', '--timeout=180s']);
  }
  await kubectl(['delete', 'lab', name, '-n', NAMESPACE, '--timeout=180s']);
  const ofLab = `kafkalab.dev/lab=${name}`;
  expect(await kubectl(['get', 'loadtests,consumerscales', '-n', NAMESPACE, '-o', 'name', '-l', ofLab])).toBe('');
  const made = (spec.resources ?? []).flatMap(({ kind, spec: of }) =>
    kind === 'LoadTest' ? [(of as unknown as LoadTestInput).topic.name] : [],
  );
  const left = await topics();
  for (const topic of made) expect(left).not.toContain(topic);
}

/** What did not pass, as lines, and what the groups did meanwhile. */
const notPassed = (lab: Lab): string[] => [
  ...(lab.status?.steps ?? [])
    .filter(({ phase }) => phase !== 'Passed')
    .flatMap(({ name, phase, message, expectations = [] }) => [
      `${name}: ${phase} ${message ?? ''}`,
      ...expectations.filter(({ passed }) => passed !== true).map(({ that, observed }) => `${that} | ${observed}`),
    ]),
  ...(rebalancesOf.get(lab) ?? []),
];

/**
 * Most of a lab is waiting, so several run at a time. Those put wrong wait for what does not come, so that three times as
 * many of them find room. They have the names of those as they are, and wait for them to be gone.
 */
const ROOM = 12;
const AS_IT_IS = 3;
const PUT_WRONG = 1;
const passing = new Map<string, Promise<Lab>>();
const failing = new Map<string, Promise<Lab>>();

interface Task {
  file: string;
  takes: typeof AS_IT_IS | typeof PUT_WRONG;
  /** Never rejects. */
  run(): Promise<void>;
}

/** Begins them one after the other, in this order as far as they may begin, each when the machine has room for it. */
async function asThereIsRoom(tasks: readonly Task[]): Promise<void> {
  const gone = new Set<string>();
  const running = new Set<Promise<void>>();
  let taken = 0;
  const mayBegin = ({ file, takes }: Task) => taken + takes <= ROOM && (takes === AS_IT_IS || gone.has(file));
  for (const waiting = [...tasks]; waiting.length > 0; ) {
    const next = waiting.find(mayBegin);
    if (next === undefined) {
      await Promise.race(running);
      continue;
    }
    waiting.splice(waiting.indexOf(next), 1);
    await room(2 * MINUTE);
    taken += next.takes;
    const over: Promise<void> = next.run().then(() => {
      taken -= next.takes;
      gone.add(next.file);
      running.delete(over);
    });
    running.add(over);
  }
  await Promise.all(running);
}

/** Registers how it ends under the file, and gives what begins it; that never rejects. */
function runLater(ends: Map<string, Promise<Lab>>, file: string, run: () => Promise<Lab>): () => Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<Lab>();
  promise.catch(() => {});
  ends.set(file, promise);
  return () => run().then(resolve, reject);
}

let allOver: Promise<void> | undefined;
beforeAll(async () => {
  await makeNamespace(NAMESPACE);
  // The longest first, so that none is left over at the end.
  const ordered = [...GRADED].sort((a, b) => b.minutes - a.minutes);
  const asIs = ordered.map(({ file, minutes, small }): Task => {
    const run = runLater(passing, file, async () => {
      const script = read(file);
      small?.(script.lab);
      return graded(script, minutes);
    });
    return { file, takes: AS_IT_IS, run };
  });
  const putWrong = ordered.map(({ file, minutes, sabotage, fails }): Task => {
    const run = runLater(failing, file, async () => {
      const script = read(file);
      sabotage(script.lab, script.beside);
      hurried(script.lab, fails.step);
      return graded(script, minutes);
    });
    return { file, takes: PUT_WRONG, run };
  });
  allOver = asThereIsRoom([...asIs, ...putWrong]);
});
afterAll(async () => {
  await allOver;
  await removeNamespace(NAMESPACE);
});

test('every graded lab is run here, and none is in the way of another', () => {
  expect(GRADED.map(({ file }) => file)).toEqual(readdirSync(FOLDER).sort());
  // All of them may be applied at once.
  const names = GRADED.flatMap(({ file }) =>
    (read(file).lab.spec.resources ?? []).map((it) => `${it.kind} ${it.metadata.name}`),
  );
  expect(new Set(names).size).toBe(names.length);
});

describe.each(GRADED)('$file', ({ file, fails }) => {
  test('passes, and takes with it what it made', async () => {
    const over = (await passing.get(file)) as Lab;
    expect(notPassed(over)).toEqual([]);
    expect(over.status?.phase).toBe('Passed');
    expect(over.status?.passed).toBe(over.status?.total);
  });

  test(`put wrong, it fails at "${fails.step}"`, async () => {
    const { status } = (await failing.get(file)) as Lab;
    expect(status?.phase).toBe('Failed');
    const step = status?.steps?.find(({ name }) => name === fails.step);
    const failed = (step?.expectations ?? []).filter(({ passed }) => passed === false);
    const right = failed.find(({ that }) => that.includes(fails.that));
    expect(right).toMatchObject({ passed: false, observed: expect.stringMatching(/ = /) });
  });
});
