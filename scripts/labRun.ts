/** Applies labs and follows them, as a person with kubectl would. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import type { ConsumerScale } from '../src/api/consumerScale.ts';
import type { Lab as LabResource } from '../src/api/lab.ts';
import type { LoadTest } from '../src/api/loadTest.ts';
import { get, kubectl, type TypeName, typeOf } from '../test/support/kubectl.ts';
import { labProgress, progress, type Trial } from './labTables.ts';

export const NAMESPACE = 'default';
const CHECKOUT = join(import.meta.dirname, '..');
/** Below the checkout. */
const PLAIN = 'manifests/labs';
const GRADED = 'manifests/labs/graded';

export const say = (line: string): void => void process.stdout.write(`${line}\n`);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Manifest {
  kind: string;
  metadata: { name: string };
  spec: Record<string, unknown>;
}

/** What belongs together: a LoadTest and the schedule over its group. */
export interface Turn {
  test: string;
  scale?: string;
}

export interface Lab {
  number: string;
  /** Below the checkout: manifests/labs/04-rebalancing-round.yaml. */
  file: string;
  path: string;
  /** All that it makes, plain and graded, in the order in which it goes. */
  objects: { type: TypeName; name: string }[];
  turns: Turn[];
  /** The Lab that grades it; absent: its LoadTests run by themselves. */
  graded?: string;
  /** The same LoadTests under other settings, one after the other: a table compares them. */
  oneByOne: boolean;
}

const filesIn = (folder: string): string[] =>
  readdirSync(join(CHECKOUT, folder))
    .filter((name) => /^[0-9]{2}-.*\.yaml$/.test(name))
    .sort();

/** Files of manifests/labs: LoadTests and schedules that run by themselves. */
export const labNumbers = (): string[] => filesIn(PLAIN);
/** Files of manifests/labs/graded. */
export const gradedNumbers = (): string[] => filesIn(GRADED);

const pathsOf = (number: string): { plain?: string; graded?: string } => {
  const among = (folder: string) => {
    const file = filesIn(folder).find((name) => name.startsWith(`${number.padStart(2, '0')}-`));
    return file === undefined ? undefined : `${folder}/${file}`;
  };
  const [plain, graded] = [among(PLAIN), among(GRADED)];
  return { ...(plain === undefined ? {} : { plain }), ...(graded === undefined ? {} : { graded }) };
};

const manifestsIn = (file: string): Manifest[] => loadAll(readFileSync(join(CHECKOUT, file), 'utf8')) as Manifest[];

/** Of the Lab's own, and what its steps make. */
const resourcesOf = ({ spec }: Manifest): Manifest[] => (spec.resources ?? []) as Manifest[];

/** The plain lab of this number. Throws with what to write instead where there is none. */
export function labOf(number: string): Lab {
  const { plain, graded } = pathsOf(number);
  if (plain === undefined) throw new Error(graded === undefined ? noLab(number) : onlyGraded(number, graded));
  const manifests = manifestsIn(plain);
  const tests = manifests.filter(({ kind }) => kind === 'LoadTest');
  return {
    ...described(plain, number),
    turns: turnsOf(manifests),
    oneByOne: tests.length > 0 && tests.every(({ spec }) => spec.suspend === true),
  };
}

/** The graded lab of this number; undefined: there is none. */
export function gradedLabOf(number: string): (Lab & { graded: string }) | undefined {
  const { graded } = pathsOf(number);
  const lab = graded === undefined ? undefined : manifestsIn(graded).find(({ kind }) => kind === 'Lab');
  if (graded === undefined || lab === undefined) return undefined;
  const turns = turnsOf(resourcesOf(lab));
  return {
    ...described(graded, number),
    turns,
    graded: lab.metadata.name,
    oneByOne: turns.length > 1 && turns.every(({ scale }) => scale !== undefined),
  };
}

function described(file: string, number: string): Pick<Lab, 'number' | 'file' | 'path' | 'objects'> {
  const { plain, graded } = pathsOf(number);
  const manifests = [graded, plain].flatMap((one) => (one === undefined ? [] : manifestsIn(one)));
  // What scales goes before what it scales, and a Lab takes along what it has made.
  const order = ['Lab', 'ConsumerScale', 'LoadTest'];
  const rank = ({ kind }: Manifest) => (order.includes(kind) ? order.indexOf(kind) : order.length);
  const objects = manifests
    .sort((a, b) => rank(a) - rank(b))
    .map(({ kind, metadata }) => ({ type: typeOf(kind), name: metadata.name }));
  const first = (one: Lab['objects'][number], index: number) =>
    objects.findIndex(({ type, name }) => type === one.type && name === one.name) === index;
  return { number: number.padStart(2, '0'), file, path: join(CHECKOUT, file), objects: objects.filter(first) };
}

function turnsOf(manifests: readonly Manifest[]): Turn[] {
  const scales = manifests.filter(({ kind }) => kind === 'ConsumerScale');
  return manifests
    .filter(({ kind }) => kind === 'LoadTest')
    .map((test) => {
      const scale = scales.find((it) => scalesGroupOf(it, test));
      return { test: test.metadata.name, ...(scale === undefined ? {} : { scale: scale.metadata.name }) };
    });
}

function noLab(number: string): string {
  const files = [...labNumbers(), ...gradedNumbers()].sort();
  const numbers = [...new Set(files.map((file) => file.slice(0, 2)))];
  const lines = numbers.map((one) => {
    const { graded, plain } = pathsOf(one);
    return `  make lab LAB=${one}   # ${graded ?? plain}`;
  });
  return `there is no lab "${number}": write one of\n${lines.join('\n')}`;
}

const onlyGraded = (number: string, file: string): string =>
  `lab ${number} is there as a graded one only (${file}): write make lab LAB=${number} without PLAIN`;

function scalesGroupOf({ spec }: Manifest, test: Manifest): boolean {
  const { scaleTargetRef, consumers } = spec as {
    scaleTargetRef: { kind: string; name: string };
    consumers?: { group: string };
  };
  const own = (test.spec.consumers as { group: string } | undefined)?.group;
  return scaleTargetRef.kind === 'LoadTest'
    ? scaleTargetRef.name === test.metadata.name
    : own !== undefined && consumers?.group === own;
}

/** Removes what an earlier run left. */
export async function cleared({ objects }: Pick<Lab, 'objects'>): Promise<void> {
  for (const { type, name } of objects) {
    if ((await get(type, name, NAMESPACE)) === undefined) continue;
    say(`> removing ${type}/${name} of an earlier run`);
    await kubectl(['delete', type, name, '-n', NAMESPACE, '--timeout=180s']);
  }
}

export async function applied({ file, path }: Pick<Lab, 'file' | 'path'>): Promise<void> {
  say(`> kubectl apply -f ${file}`);
  say((await kubectl(['apply', '-n', NAMESPACE, '-f', path])).trim());
}

export async function suspended(test: string, suspend: boolean): Promise<void> {
  say(`> kubectl patch lt ${test} --type merge -p '{"spec":{"suspend":${suspend}}}'`);
  await kubectl([
    'patch',
    'loadtest',
    test,
    '-n',
    NAMESPACE,
    '--type=merge',
    '-p',
    JSON.stringify({ spec: { suspend } }),
  ]);
}

/** Says how it goes, step by step and expectation by expectation, until it is over. Throws when it can't begin or takes too long. */
export async function watchedLab(name: string, giveUpMs: number): Promise<LabResource> {
  const started = Date.now();
  const last = new Map<string, string>();
  for (;;) {
    const lab = await get<LabResource>('lab', name, NAMESPACE);
    if (lab === undefined) throw new Error(`Lab ${name} is gone: somebody deleted it`);
    for (const [of, line] of labProgress(lab)) {
      if (line !== last.get(of)) say(`${String(Math.round((Date.now() - started) / 1000)).padStart(4)} s  ${line}`);
      last.set(of, line);
    }
    const { phase, conditions = [] } = lab.status ?? {};
    if (phase === 'Passed' || phase === 'Failed') return lab;
    const stuck = conditions.find(({ type, status }) => type === 'Stalled' && status === 'True');
    if (stuck) throw new Error(`Lab ${name} is stalled: ${stuck.message}`);
    if (Date.now() - started > giveUpMs) throw new Error(`Lab ${name} did not end within ${giveUpMs / 60_000} minutes`);
    await pause(2_000);
  }
}

/** What has become of its LoadTests and schedules; those that no step has made are left out. */
export async function trialsOf(turns: readonly Turn[]): Promise<Trial[]> {
  const trials = await Promise.all(turns.map(look));
  return trials.filter((trial) => trial !== undefined);
}

const isOver = (resource: LoadTest | ConsumerScale | undefined): boolean =>
  resource?.status?.phase === 'Completed' || resource?.status?.phase === 'Failed';

/** Absent: neither of them is stalled. */
function whyStalled({ test, scale }: Trial): string | undefined {
  for (const resource of scale === undefined ? [test] : [test, scale]) {
    if (isOver(resource)) continue;
    const stuck = resource.status?.conditions.find(({ type, status }) => type === 'Stalled' && status === 'True');
    if (stuck) return `${resource.kind} ${resource.metadata.name} is stalled: ${stuck.message}`;
  }
  return undefined;
}

/** Figures move all the time: a line so often, and one for each change of phase or step. */
const SAY_EVERY_MS = 10_000;

/** Says how it goes, until every schedule, or LoadTest without one, is over. Throws when one is stalled or it takes too long. */
export async function watched(what: string, turns: readonly Turn[], giveUpMs: number): Promise<Trial[]> {
  const started = Date.now();
  const last = new Map<string, { at: number; stage: string; line: string }>();
  const tell = (name: string, { test, scale }: Trial) => {
    const line = `${turns.length > 1 ? `${name}: ` : ''}${progress(test, scale)}`;
    const stage = `${test.status?.phase} ${scale?.status?.step} ${scale?.status?.phase}`;
    const { at = 0, stage: before, line: said } = last.get(name) ?? {};
    if (line === said || (stage === before && Date.now() - at < SAY_EVERY_MS)) return;
    say(`${String(Math.round((Date.now() - started) / 1000)).padStart(4)} s  ${line}`);
    last.set(name, { at: Date.now(), stage, line });
  };
  for (;;) {
    const trials = await Promise.all(turns.map(look));
    for (const trial of trials) {
      if (trial === undefined) continue;
      tell(trial.test.metadata.name, trial);
      const stuck = whyStalled(trial);
      if (stuck !== undefined) throw new Error(stuck);
    }
    const over = trials.filter((trial, index) =>
      isOver(turns[index]?.scale === undefined ? trial?.test : trial?.scale),
    );
    if (over.length === turns.length) return over as Trial[];
    if (Date.now() - started > giveUpMs) throw new Error(`${what} did not end within ${giveUpMs / 60_000} minutes`);
    await pause(2_000);
  }
}

async function look({ test: name, scale: schedule }: Turn): Promise<Trial | undefined> {
  const [test, scale] = await Promise.all([
    get<LoadTest>('loadtest', name, NAMESPACE),
    schedule === undefined ? undefined : get<ConsumerScale>('consumerscale', schedule, NAMESPACE),
  ]);
  return test === undefined ? undefined : { test, ...(scale === undefined ? {} : { scale }) };
}
