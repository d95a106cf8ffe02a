/** The age and accuracy of figures in the status: lag, compared with Kafka's own tool, and the delay of rebalances. */
import type { LoadTest } from '../../src/api/loadtest/loadTest.ts';
import { get, kubectl, watchLines } from '../../tools/kubectl.ts';
import {
  applyIn,
  describeGroup,
  loadTest,
  makeNamespace,
  PATIENCE_MS,
  removeNamespace,
  untilLoadTest,
} from '../support/clusterLab.ts';
import { summary } from './summary.ts';

const NAMESPACE = 'bench';
const SAMPLES = 40;
/** The period of samples. The status period is not a multiple of it, so samples see every age. */
const SAMPLE_EVERY_MS = 330;
const COMPARISONS = 10;

const read = () => get<LoadTest>('lt', 'lab', NAMESPACE);

export async function freshness(): Promise<Record<string, unknown>> {
  await makeNamespace(NAMESPACE);
  await applyIn(
    NAMESPACE,
    loadTest({
      topic: { name: 'bench', partitions: 9, replicas: 2 },
      producers: { replicas: 200, clientsPerPod: 50, messagesPerSecond: 1 },
      consumers: { group: 'bench', processing: { perRecord: '20ms' }, config: { 'auto.offset.reset': 'earliest' } },
    }),
  );
  await untilLoadTest(
    NAMESPACE,
    'lab',
    'runs and lags',
    (it) => it.status?.phase === 'Running' && (it.status.lag?.total ?? 0) > 500,
  );

  const ages: number[] = [];
  for (let n = 0; n < SAMPLES; n++) {
    const seen = await read();
    ages.push(Date.now() - Date.parse(seen?.status?.lag?.at ?? ''));
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_EVERY_MS));
  }

  // Lag changes between the reads: the two values may differ by the records produced and consumed in between.
  const comparisons: { status: number; kafka: number; difference: number; allowed: number }[] = [];
  for (let n = 0; n < COMPARISONS; n++) {
    const before = await read();
    const lines = await describeGroup('bench');
    const after = await read();
    const kafka = lines.reduce((sum, { endOffset, committedOffset }) => sum + endOffset - committedOffset, 0);
    const [low, high] = [before, after].map((it) => it?.status?.lag?.total ?? Number.NaN).sort((a, b) => a - b) as [
      number,
      number,
    ];
    const { errorBound = 0, at = '' } = before?.status?.lag ?? {};
    const seconds = (Date.now() - Date.parse(at)) / 1000;
    const allowed = Math.ceil(errorBound + seconds * 200);
    const difference = kafka < low ? low - kafka : kafka > high ? kafka - high : 0;
    comparisons.push({ status: low, kafka, difference, allowed });
  }

  // The time at which a watcher sees each rebalance, by its number.
  const seenAt = new Map<string, number>();
  const watched = watchLines(['lt/lab', '-n', NAMESPACE], '{.status.rebalances.count}', (count) => {
    if (!seenAt.has(count)) seenAt.set(count, Date.now());
  });
  const delays: number[] = [];
  for (const replicas of [2, 3, 2, 1, 3, 1]) {
    const count = (await read())?.status?.rebalances?.count ?? 0;
    await kubectl(['scale', 'loadtest/lab', '-n', NAMESPACE, `--replicas=${replicas}`]);
    const after = await untilLoadTest(
      NAMESPACE,
      'lab',
      'has another rebalance',
      (it) => (it.status?.rebalances?.count ?? 0) > count,
      PATIENCE_MS,
    );
    const { number, settledAt = '' } = after.status?.rebalances?.recent.at(-1) ?? {};
    delays.push((seenAt.get(String(number)) ?? Number.NaN) - Date.parse(settledAt));
    await untilLoadTest(
      NAMESPACE,
      'lab',
      'has settled',
      (it) => it.status?.consumers?.members.length === replicas && it.status.rebalances?.settled,
      PATIENCE_MS,
    );
  }
  watched.end();
  await removeNamespace(NAMESPACE);
  return {
    lagAgeMs: summary(ages, 0),
    aimLagAgeMs: 2_000,
    lagWithinBound: `${comparisons.filter(({ difference, allowed }) => difference <= allowed).length}/${comparisons.length}`,
    comparisons,
    rebalanceDelayMs: summary(delays, 0),
    aimRebalanceMs: 2_000,
  };
}
