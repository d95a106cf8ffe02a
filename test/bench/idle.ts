/** The costs of an idle operator: API requests per minute, from the audit log, and CPU. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { auditLog } from '../../tools/cluster/paths.ts';
import { kubectl } from '../../tools/kubectl.ts';
import {
  applyIn,
  loadTest,
  makeNamespace,
  OPERATOR_NAMESPACE,
  operatorPods,
  PATIENCE_MS,
  removeNamespace,
  untilLoadTest,
} from '../support/clusterLab.ts';

const NAMESPACE = 'bench';
const WATCHED_MS = 120_000;
const USER = `system:serviceaccount:${OPERATOR_NAMESPACE}:`;

interface Entry {
  verb: string;
  requestURI: string;
  stage: string;
  user: { username: string };
}

/** The CPU seconds that the operator has used. */
async function cpuSeconds(): Promise<number> {
  const [pod] = await operatorPods();
  const metrics = await kubectl([
    'get',
    '--raw',
    `/api/v1/namespaces/${OPERATOR_NAMESPACE}/pods/${pod?.metadata.name}:8081/proxy/metrics`,
  ]);
  return Number(/^process_cpu_seconds_total ([\d.]+)/m.exec(metrics)?.[1] ?? Number.NaN);
}

function entriesSince(position: number): Entry[] {
  const { size } = statSync(auditLog);
  const buffer = Buffer.alloc(Math.max(0, size - position));
  const file = openSync(auditLog, 'r');
  readSync(file, buffer, 0, buffer.length, position);
  closeSync(file);
  return buffer
    .toString()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Entry);
}

/** Measures the costs with one completed LoadTest, which should add nothing. */
export async function idle(): Promise<Record<string, unknown>> {
  await makeNamespace(NAMESPACE);
  await applyIn(NAMESPACE, loadTest({ topic: { name: 'bench' }, producers: { messages: 100 } }));
  await untilLoadTest(NAMESPACE, 'lab', 'is over', (it) => it.status?.phase === 'Completed', PATIENCE_MS);
  const position = statSync(auditLog).size;
  const before = await cpuSeconds();
  await new Promise((resolve) => setTimeout(resolve, WATCHED_MS));
  const cpu = (await cpuSeconds()) - before;
  const minutes = WATCHED_MS / 60_000;
  const requests = entriesSince(position).filter(
    ({ user, stage }) => user.username.startsWith(USER) && stage === 'ResponseComplete',
  );
  const byVerb: Record<string, number> = {};
  for (const { verb, requestURI } of requests) {
    const what = `${verb} ${requestURI
      .split('?')[0]
      ?.split('/')
      .at(verb === 'update' ? -2 : -1)}`;
    byVerb[what] = (byVerb[what] ?? 0) + 1 / minutes;
  }
  await removeNamespace(NAMESPACE);
  return {
    requestsPerMinute: requests.length / minutes,
    byVerb,
    cpuMillicores: Math.round((cpu / (WATCHED_MS / 1000)) * 10_000) / 10,
  };
}
