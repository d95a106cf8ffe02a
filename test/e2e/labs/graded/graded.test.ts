/**
 * Every graded lab of manifests/labs/graded passes (the largest ones with fewer pods), deletes what it created, and fails at the
 * expected step when it is sabotaged.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadAll } from 'js-yaml';
import type { Lab } from '../../../../src/api/lab/lab.ts';
import type { LabInput } from '../../../../src/api/lab/spec.ts';
import type { LoadTest } from '../../../../src/api/loadtest/loadTest.ts';
import type { LoadTestInput } from '../../../../src/api/loadtest/spec.ts';
import { kubectl, list } from '../../../../tools/kubectl.ts';
import { applyIn, makeNamespace, removeNamespace, topics, untilLab } from '../../../support/clusterLab.ts';
import { room } from '../../../support/room.ts';

const NAMESPACE = 'graded';
const FOLDER = join(import.meta.dirname, '../../../../manifests/labs/graded');
const MINUTE = 60_000;

interface Manifest {
  metadata: { name: string };
  spec: LabInput;
}

/** The foreign objects of the same file. */
interface Deployment {
  kind: 'Deployment';
  metadata: { name: string };
  spec: { template: { spec: { containers: { args: string[] }[] } } };
}

/** The content of a file: the Lab, and the objects that are applied before it. */
interface Script {
  lab: Manifest;
  beside: Deployment[];
}

interface Graded {
  file: string;
  minutes: number;
  /** Reduces the number of pods without changing what the lab shows. */
  small?: (lab: Manifest) => void;
  /** Breaks the lab. `fails` is where that has to show. */
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
const configOf = (lab: Manifest, name: string): Record<string, string | number | boolean> => {
  const { consumers } = testOf(lab, name);
  if (consumers?.config === undefined) throw new Error(`LoadTest ${name} has no settings of consumers`);
  return consumers.config;
};

/** The same rate from two pods in batches. These labs do not depend on the costs of a record. */
const fewer = (name: string) => (lab: Manifest) => {
  testOf(lab, name).producers = {
    replicas: 4,
    clientsPerPod: 2,
    messagesPerSecond: 50,
    config: { 'linger.ms': '100' },
  };
};

/** Keeps only these LoadTests, with their steps and expectations. */
function only({ spec }: Manifest, names: string[]): void {
  const others = (spec.resources ?? []).map(({ metadata }) => metadata.name).filter((name) => !names.includes(name));
  const isOfOthers = (part: object) => others.some((name) => JSON.stringify(part).includes(name));
  spec.resources = (spec.resources ?? []).filter(({ metadata }) => names.includes(metadata.name));
  spec.steps = spec.steps
    .filter(({ apply, stop }) => !isOfOthers({ apply, stop }))
    .map((step) => ({ ...step, expect: (step.expect ?? []).filter(({ that }) => !isOfOthers({ that })) }));
}
/** Reduces joins and leaves, so that there are always several consumers, and sends records in small batches. */
function shorter({ spec }: Manifest): void {
  for (const { kind, spec: of } of spec.resources ?? []) {
    if (kind === 'ConsumerScale') of.steps = [3, 4, 3, 4, 3].map((consumers) => ({ consumers, hold: '2s' }));
    else (of.producers as { config?: Record<string, string | number | boolean> }).config = { 'linger.ms': '20' };
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

/** Shortens the wait of the failing step and removes the steps after it. */
function shorten({ spec }: Manifest, last: string): void {
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

/** The rebalances of failed labs, for the analysis: the LoadTests are deleted by then. */
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

/** Deletes a Lab, and checks that everything it created is gone. */
async function removed({ metadata: { name }, spec }: Manifest, beside: readonly Deployment[]): Promise<void> {
  // A running consumer would create the topic of the Lab again.
  for (const { metadata } of beside) {
    await kubectl(['delete', 'deployment', metadata.name, '-n', NAMESPACE, '--cascade=foreground', '--timeout=180s']);
  }
  await kubectl(['delete', 'lab', name, '-n', NAMESPACE, '--timeout=180s']);
  const ofLab = `kafkalab.dev/lab=${name}`;
  expect(await kubectl(['get', 'loadtests,consumerscales', '-n', NAMESPACE, '-o', 'name', '-l', ofLab])).toBe('');
  const created = (spec.resources ?? []).flatMap(({ kind, spec: of }) =>
    kind === 'LoadTest' ? [(of as unknown as LoadTestInput).topic.name] : [],
  );
  const left = await topics();
  for (const topic of created) expect(left).not.toContain(topic);
}

/** The steps and expectations that did not pass, and the rebalances, as lines. */
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
 * The capacity for simultaneous labs and the cost of each. Labs mostly wait, so several run at a time. Sabotaged ones wait for
 * something that never happens, so they cost a third. They have the names of the normal ones and run after those are gone.
 */
const CAPACITY = 12;
const NORMAL = 3;
const SABOTAGED = 1;
const passing = new Map<string, Promise<Lab>>();
const failing = new Map<string, Promise<Lab>>();

interface Task {
  file: string;
  cost: typeof NORMAL | typeof SABOTAGED;
  /** Never rejects. */
  run(): Promise<void>;
}

/** Starts the tasks in order when the capacity and the load of the machine allow it. */
async function runWithinCapacity(tasks: readonly Task[]): Promise<void> {
  const gone = new Set<string>();
  const running = new Set<Promise<void>>();
  let taken = 0;
  const mayBegin = ({ file, cost }: Task) => taken + cost <= CAPACITY && (cost === NORMAL || gone.has(file));
  for (const waiting = [...tasks]; waiting.length > 0; ) {
    const next = waiting.find(mayBegin);
    if (next === undefined) {
      await Promise.race(running);
      continue;
    }
    waiting.splice(waiting.indexOf(next), 1);
    await room(2 * MINUTE);
    taken += next.cost;
    const over: Promise<void> = next.run().then(() => {
      taken -= next.cost;
      gone.add(next.file);
      running.delete(over);
    });
    running.add(over);
  }
  await Promise.all(running);
}

/** Registers the result of a run under its file. Returns the function that starts it and never rejects. */
function runLater(ends: Map<string, Promise<Lab>>, file: string, run: () => Promise<Lab>): () => Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<Lab>();
  promise.catch(() => {});
  ends.set(file, promise);
  return () => run().then(resolve, reject);
}

let allOver: Promise<void> | undefined;
beforeAll(async () => {
  await makeNamespace(NAMESPACE);
  // The longest labs run first, so that the tests do not end with a long one.
  const ordered = [...GRADED].sort((a, b) => b.minutes - a.minutes);
  const normal = ordered.map(({ file, minutes, small }): Task => {
    const run = runLater(passing, file, async () => {
      const script = read(file);
      small?.(script.lab);
      return graded(script, minutes);
    });
    return { file, cost: NORMAL, run };
  });
  const sabotaged = ordered.map(({ file, minutes, sabotage, fails }): Task => {
    const run = runLater(failing, file, async () => {
      const script = read(file);
      sabotage(script.lab, script.beside);
      shorten(script.lab, fails.step);
      return graded(script, minutes);
    });
    return { file, cost: SABOTAGED, run };
  });
  allOver = runWithinCapacity([...normal, ...sabotaged]);
});
afterAll(async () => {
  await allOver;
  await removeNamespace(NAMESPACE);
});

test('every graded lab runs here, and all names are different', () => {
  expect(GRADED.map(({ file }) => file)).toEqual(readdirSync(FOLDER).sort());
  // So all labs can be applied at the same time.
  const names = GRADED.flatMap(({ file }) =>
    (read(file).lab.spec.resources ?? []).map((it) => `${it.kind} ${it.metadata.name}`),
  );
  expect(new Set(names).size).toBe(names.length);
});

describe.each(GRADED)('$file', ({ file, fails }) => {
  test('passes and deletes what it created', async () => {
    const over = (await passing.get(file)) as Lab;
    expect(notPassed(over)).toEqual([]);
    expect(over.status?.phase).toBe('Passed');
    expect(over.status?.passed).toBe(over.status?.total);
  });

  test(`fails at "${fails.step}" when it is sabotaged`, async () => {
    const { status } = (await failing.get(file)) as Lab;
    expect(status?.phase).toBe('Failed');
    const step = status?.steps?.find(({ name }) => name === fails.step);
    const failed = (step?.expectations ?? []).filter(({ passed }) => passed === false);
    const right = failed.find(({ that }) => that.includes(fails.that));
    expect(right).toMatchObject({ passed: false, observed: expect.stringMatching(/ = /) });
  });
});
