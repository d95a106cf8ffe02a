/** `make demo`: applies lab 01, shows it live, and prints what it found. */
import { join } from 'node:path';
import type { ConsumerScale } from '../src/api/consumerScale.ts';
import type { LoadTest } from '../src/api/loadTest.ts';
import { get, kubeconfig, kubectl, program } from '../test/support/kubectl.ts';
import { result } from './demoResult.ts';

const LAB = join(import.meta.dirname, '../manifests/labs/01-lag-and-consumers.yaml');
const NAMESPACE = 'default';
const NAME = 'lag';
/** The lab takes about five minutes; on a busy machine more. */
const GIVE_UP_MS = 20 * 60_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function cleared(): Promise<void> {
  for (const type of ['consumerscale', 'loadtest']) {
    if ((await get(type, NAME, NAMESPACE)) === undefined) continue;
    say(`> removing ${type}/${NAME} of an earlier run`);
    await kubectl(['delete', type, NAME, '-n', NAMESPACE, '--timeout=180s']);
  }
}

/** One line of how it stands; the same line is not said twice. */
function progress(test: LoadTest, scale: ConsumerScale | undefined): string {
  const { status } = test;
  const parts = [
    status?.phase ?? 'Pending',
    `producers ${status?.producers?.ready ?? 0}/${test.spec.producers?.replicas ?? 0}`,
    `consumers ${status?.consumers?.ready ?? 0}/${test.spec.consumers?.replicas ?? 0} (${status?.consumers?.members.length ?? 0} in the group)`,
    `${Math.round(status?.producers?.messagesPerSecond ?? 0)} msg/s in, ${Math.round(status?.consumers?.messagesPerSecond ?? 0)} out`,
    `lag ${status?.lag?.total ?? '-'}`,
    `rebalances ${status?.rebalances?.count ?? 0}`,
  ];
  const step = scale?.status?.step;
  const message = scale?.status?.conditions.find(({ type }) => type === 'Ready')?.message;
  return `${parts.join(' | ')}${step ? ` | step ${step}` : ''}${message ? `: ${message}` : ''}`;
}

async function watch(): Promise<{ test: LoadTest; scale: ConsumerScale }> {
  const started = Date.now();
  let last = '';
  for (;;) {
    const [test, scale] = await Promise.all([
      get<LoadTest>('loadtest', NAME, NAMESPACE),
      get<ConsumerScale>('consumerscale', NAME, NAMESPACE),
    ]);
    if (test !== undefined) {
      const line = progress(test, scale);
      if (line !== last) say(`${String(Math.round((Date.now() - started) / 1000)).padStart(4)} s  ${line}`);
      last = line;
      const stuck = test.status?.conditions.find(({ type, status }) => type === 'Stalled' && status === 'True');
      if (stuck) throw new Error(`LoadTest ${NAME} is stalled: ${stuck.message}`);
    }
    if (test !== undefined && (scale?.status?.phase === 'Completed' || scale?.status?.phase === 'Failed')) {
      return { test, scale };
    }
    if (Date.now() - started > GIVE_UP_MS) throw new Error(`lab 01 did not end within ${GIVE_UP_MS / 60_000} minutes`);
    await pause(2_000);
  }
}

await cleared();
say('> kubectl apply -f manifests/labs/01-lag-and-consumers.yaml');
say((await kubectl(['apply', '-n', NAMESPACE, '-f', LAB])).trim());
const { test, scale } = await watch();
say('');
say(result(test, scale));
say('');
say(await kubectl(['get', 'lt,csc', '-n', NAMESPACE]));
say('The lab goes on running. To look at it:');
say(`  export KUBECONFIG=${kubeconfig}   # kubectl is ${program}`);
say(`  kubectl get lt,csc                     kubectl describe csc ${NAME}`);
say(`  kubectl get lt ${NAME} -o yaml            kubectl logs ${NAME}-consumer-0`);
say('To remove the lab: kubectl delete csc,lt lag. To remove everything: make down.');
if (scale.status?.phase !== 'Completed') {
  process.stderr.write(`the schedule ended as ${scale.status?.phase}: ${scale.status?.conditions[0]?.message}\n`);
  process.exitCode = 1;
}
