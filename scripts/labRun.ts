/** Applies labs and follows them, as a person with kubectl would. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import type { ConsumerScale } from '../src/api/consumerScale.ts';
import type { LoadTest } from '../src/api/loadTest.ts';
import { get, kubectl } from '../test/support/kubectl.ts';
import { progress, type Trial } from './labTables.ts';

export const NAMESPACE = 'default';
const FOLDER = join(import.meta.dirname, '../manifests/labs');

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
  objects: { type: string; name: string }[];
  turns: Turn[];
  /** Its LoadTests are suspended and let go one after the other. */
  oneByOne: boolean;
}

export const labNumbers = (): string[] =>
  readdirSync(FOLDER)
    .filter((name) => /^[0-9]{2}-.*\.yaml$/.test(name))
    .sort();

/** Throws with what to write instead where there is no such lab. */
export function labOf(number: string): Lab {
  const name = labNumbers().find((file) => file.startsWith(`${number.padStart(2, '0')}-`));
  if (name === undefined) {
    throw new Error(
      `there is no lab "${number}": write one of\n${labNumbers()
        .map((file) => `  make lab LAB=${file.slice(0, 2)}   # manifests/labs/${file}`)
        .join('\n')}`,
    );
  }
  const path = join(FOLDER, name);
  const manifests = loadAll(readFileSync(path, 'utf8')) as Manifest[];
  const tests = manifests.filter(({ kind }) => kind === 'LoadTest');
  const scales = manifests.filter(({ kind }) => kind === 'ConsumerScale');
  return {
    number: name.slice(0, 2),
    file: `manifests/labs/${name}`,
    path,
    // Schedules go before what they scale.
    objects: [...scales, ...tests, ...manifests.filter((it) => !tests.includes(it) && !scales.includes(it))].map(
      ({ kind, metadata }) => ({ type: kind.toLowerCase(), name: metadata.name }),
    ),
    turns: tests.map((test) => {
      const scale = scales.find((it) => scalesGroupOf(it, test));
      return { test: test.metadata.name, ...(scale === undefined ? {} : { scale: scale.metadata.name }) };
    }),
    oneByOne: tests.length > 0 && tests.every(({ spec }) => spec.suspend === true),
  };
}

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

const isOver = (resource: LoadTest | ConsumerScale | undefined): boolean =>
  resource?.status?.phase === 'Completed' || resource?.status?.phase === 'Failed';

/** Says how it goes, until every schedule, or LoadTest without one, is over. Throws when one is stalled or it takes too long. */
export async function watched(what: string, turns: readonly Turn[], giveUpMs: number): Promise<Trial[]> {
  const started = Date.now();
  const last = new Map<string, string>();
  for (;;) {
    const trials = await Promise.all(turns.map(look));
    for (const [index, trial] of trials.entries()) {
      const { test } = turns[index] as Turn;
      if (trial === undefined) continue;
      const line = `${turns.length > 1 ? `${test}: ` : ''}${progress(trial.test, trial.scale)}`;
      if (line !== last.get(test)) say(`${String(Math.round((Date.now() - started) / 1000)).padStart(4)} s  ${line}`);
      last.set(test, line);
      for (const resource of [trial.test, ...(trial.scale === undefined ? [] : [trial.scale])]) {
        if (isOver(resource)) continue;
        const stuck = resource.status?.conditions.find(({ type, status }) => type === 'Stalled' && status === 'True');
        if (stuck) throw new Error(`${resource.kind} ${resource.metadata.name} is stalled: ${stuck.message}`);
      }
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
