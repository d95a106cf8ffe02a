/** Applies labs with kubectl and follows their progress. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import type { ConsumerScale } from '../../src/api/consumerscale/consumerScale.ts';
import type { Lab as LabResource } from '../../src/api/lab/lab.ts';
import type { LoadTest } from '../../src/api/loadtest/loadTest.ts';
import { ApiError } from '../../src/runtime/ports.ts';
import { get, kubectl, type TypeName, typeOf } from '../kubectl.ts';
import { labProgress, progress, type Trial } from './labTables.ts';

export const NAMESPACE = 'default';
const CHECKOUT = join(import.meta.dirname, '../..');
/** The folders of the labs, below the checkout. */
const PLAIN = 'manifests/labs';
const GRADED = 'manifests/labs/graded';

export const print = (line: string): void => void process.stdout.write(`${line}\n`);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Manifest {
  kind: string;
  metadata: { name: string };
  spec: Record<string, unknown>;
}

/** The names of a LoadTest and of the ConsumerScale over its group. */
export interface TrialNames {
  test: string;
  scale?: string;
}

export interface Lab {
  number: string;
  /** Relative to the checkout: manifests/labs/04-rebalancing-round.yaml. */
  file: string;
  path: string;
  /** All objects of its plain and its graded form, in the order of their removal. */
  objects: { type: TypeName; name: string }[];
  trials: TrialNames[];
  /** The name of the Lab that grades it. Absent: its LoadTests run without grades. */
  graded?: string;
  /** Whether its trials run one after another with different settings, to be compared in a table. */
  oneByOne: boolean;
}

const filesIn = (folder: string): string[] =>
  readdirSync(join(CHECKOUT, folder))
    .filter((name) => /^[0-9]{2}-.*\.yaml$/.test(name))
    .sort();

/** The files of manifests/labs: LoadTests and schedules without grades. */
export const labNumbers = (): string[] => filesIn(PLAIN);
/** The files of manifests/labs/graded. */
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

/** The resources that the steps of a Lab create. */
const resourcesOf = ({ spec }: Manifest): Manifest[] => (spec.resources ?? []) as Manifest[];

/** The plain lab of this number. If there is none, the error lists what to write instead. */
export function labOf(number: string): Lab {
  const { plain, graded } = pathsOf(number);
  if (plain === undefined) throw new Error(graded === undefined ? noLab(number) : onlyGraded(number, graded));
  const manifests = manifestsIn(plain);
  const tests = manifests.filter(({ kind }) => kind === 'LoadTest');
  return {
    ...described(plain, number),
    trials: trialNamesIn(manifests),
    oneByOne: tests.length > 0 && tests.every(({ spec }) => spec.suspend === true),
  };
}

/** The graded lab of this number. undefined: there is none. */
export function gradedLabOf(number: string): (Lab & { graded: string }) | undefined {
  const { graded } = pathsOf(number);
  const lab = graded === undefined ? undefined : manifestsIn(graded).find(({ kind }) => kind === 'Lab');
  if (graded === undefined || lab === undefined) return undefined;
  const trials = trialNamesIn(resourcesOf(lab));
  return {
    ...described(graded, number),
    trials,
    graded: lab.metadata.name,
    oneByOne: trials.length > 1 && trials.every(({ scale }) => scale !== undefined),
  };
}

function described(file: string, number: string): Pick<Lab, 'number' | 'file' | 'path' | 'objects'> {
  const { plain, graded } = pathsOf(number);
  const manifests = [graded, plain].flatMap((one) => (one === undefined ? [] : manifestsIn(one)));
  // A schedule is removed before its target. A Lab is removed first, together with the objects that it created.
  const order = ['Lab', 'ConsumerScale', 'LoadTest'];
  const rank = ({ kind }: Manifest) => (order.includes(kind) ? order.indexOf(kind) : order.length);
  const objects = manifests
    .sort((a, b) => rank(a) - rank(b))
    .map(({ kind, metadata }) => ({ type: typeOf(kind), name: metadata.name }));
  const first = (one: Lab['objects'][number], index: number) =>
    objects.findIndex(({ type, name }) => type === one.type && name === one.name) === index;
  return { number: number.padStart(2, '0'), file, path: join(CHECKOUT, file), objects: objects.filter(first) };
}

function trialNamesIn(manifests: readonly Manifest[]): TrialNames[] {
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
  return `there is no lab "${number}". Use one of these:\n${lines.join('\n')}`;
}

const onlyGraded = (number: string, file: string): string =>
  `lab ${number} exists only with grades (${file}). Use make lab LAB=${number} without PLAIN`;

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

/** Removes the objects of an earlier run. */
export async function removeEarlier({ objects }: Pick<Lab, 'objects'>): Promise<void> {
  for (const { type, name } of objects) {
    if ((await get(type, name, NAMESPACE)) === undefined) continue;
    print(`> removing ${type}/${name} of an earlier run`);
    await kubectl(['delete', type, name, '-n', NAMESPACE, '--timeout=180s']);
  }
}

export async function applyLab({ file, path }: Pick<Lab, 'file' | 'path'>): Promise<void> {
  print(`> kubectl apply -f ${file}`);
  print((await kubectl(['apply', '-n', NAMESPACE, '-f', path])).trim());
}

export async function setSuspend(test: string, suspend: boolean): Promise<void> {
  print(`> kubectl patch lt ${test} --type merge -p '{"spec":{"suspend":${suspend}}}'`);
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

/** Prints the progress of a Lab until it has ended. Throws if the Lab is stalled, gone or takes too long. */
export async function watchLab(name: string, giveUpMs: number): Promise<LabResource> {
  const started = Date.now();
  const last = new Map<string, string>();
  for (;;) {
    const lab = await get<LabResource>('lab', name, NAMESPACE);
    if (lab === undefined) throw new Error(`Lab ${name} has been deleted`);
    for (const [of, line] of labProgress(lab)) {
      if (line !== last.get(of)) print(`${String(Math.round((Date.now() - started) / 1000)).padStart(4)} s  ${line}`);
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

/** The LoadTests and schedules of these trials. Trials that do not exist are left out. */
export async function trialsOf(names: readonly TrialNames[]): Promise<Trial[]> {
  const trials = await Promise.all(names.map(readTrial));
  return trials.filter((trial) => trial !== undefined);
}

const isOver = (resource: LoadTest | ConsumerScale | undefined): boolean =>
  resource?.status?.phase === 'Completed' || resource?.status?.phase === 'Failed';

/** Why a trial is stalled. undefined: it is not. */
function whyStalled({ test, scale }: Trial): string | undefined {
  for (const resource of scale === undefined ? [test] : [test, scale]) {
    if (isOver(resource)) continue;
    const stuck = resource.status?.conditions.find(({ type, status }) => type === 'Stalled' && status === 'True');
    if (stuck) return `${resource.kind} ${resource.metadata.name} is stalled: ${stuck.message}`;
  }
  return undefined;
}

/** The period of progress lines. A change of phase or step prints a line at once. */
const PRINT_EVERY_MS = 10_000;
const API_PATIENCE_MS = 120_000;

/**
 * Prints the progress of trials until every schedule, or LoadTest without a schedule, has ended. Throws if one is stalled or
 * takes too long.
 */
export async function watchTrials(what: string, names: readonly TrialNames[], giveUpMs: number): Promise<Trial[]> {
  const started = Date.now();
  const last = new Map<string, { at: number; stage: string; line: string }>();
  const printProgress = (name: string, { test, scale }: Trial) => {
    const line = `${names.length > 1 ? `${name}: ` : ''}${progress(test, scale)}`;
    const stage = `${test.status?.phase} ${scale?.status?.step} ${scale?.status?.phase}`;
    const { at = 0, stage: before, line: printed } = last.get(name) ?? {};
    if (line === printed || (stage === before && Date.now() - at < PRINT_EVERY_MS)) return;
    print(`${String(Math.round((Date.now() - started) / 1000)).padStart(4)} s  ${line}`);
    last.set(name, { at: Date.now(), stage, line });
  };
  for (;;) {
    const trials = await Promise.all(names.map(readTrial));
    for (const trial of trials) {
      if (trial === undefined) continue;
      printProgress(trial.test.metadata.name, trial);
      const stuck = whyStalled(trial);
      if (stuck !== undefined) throw new Error(stuck);
    }
    const over = trials.filter((trial, index) =>
      isOver(names[index]?.scale === undefined ? trial?.test : trial?.scale),
    );
    if (over.length === names.length) return over as Trial[];
    if (Date.now() - started > giveUpMs) throw new Error(`${what} did not end within ${giveUpMs / 60_000} minutes`);
    await pause(2_000);
  }
}

/** The lab continues while a busy API server does not answer, so a read is repeated for up to `API_PATIENCE_MS`. */
async function patiently<T>(read: () => Promise<T>): Promise<T> {
  const end = Date.now() + API_PATIENCE_MS;
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 0 || Date.now() > end) throw error;
      await pause(1_000);
    }
  }
}

async function readTrial({ test: name, scale: schedule }: TrialNames): Promise<Trial | undefined> {
  const [test, scale] = await Promise.all([
    patiently(() => get<LoadTest>('loadtest', name, NAMESPACE)),
    schedule === undefined ? undefined : patiently(() => get<ConsumerScale>('consumerscale', schedule, NAMESPACE)),
  ]);
  return test === undefined ? undefined : { test, ...(scale === undefined ? {} : { scale }) };
}
