/** Connections to a Kafka that no resource names any more, on a real broker. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { KafkaClusters } from '../../../src/adapters/kafka/clusters.ts';
import type { EvidenceNeed } from '../../../src/contract/needs.ts';
import { type Broker, startBroker } from '../../support/broker.ts';
import { keptLog } from '../../support/kept.ts';
import { until } from '../../support/until.ts';

const PATIENCE_MS = 120_000;
const MINUTE = 60_000;
let broker: Broker;
let clusters: KafkaClusters;
let now = 0;

beforeAll(async () => {
  broker = await startBroker();
  clusters = new KafkaClusters('', keptLog(), () => now);
});

afterAll(async () => {
  await clusters?.end();
  await broker?.stop();
});

/** The number of open connections to the broker, from the kernel's table: number, local and remote address, state (01: open). */
function connections(): number {
  const port = Number(broker.bootstrapServers.split(':')[1]).toString(16).toUpperCase().padStart(4, '0');
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1);
  return rows.filter((row) => {
    const [, , remote = '', state] = row.trim().split(/\s+/);
    return remote.endsWith(`:${port}`) && state === '01';
  }).length;
}

/** What a resource asks of its Kafka: a view, a report, and the figures of its run. */
async function use(): Promise<void> {
  const { bootstrapServers } = broker;
  const seen = await until(
    'Kafka answers',
    async () => {
      const view = await clusters.view({ bootstrapServers, maxAgeMs: 0 });
      return 'known' in view && view.known.evidence.endOffsets.length > 0 ? view.known : undefined;
    },
    PATIENCE_MS,
  );
  const { topic } = seen.evidence;
  const need: EvidenceNeed = { bootstrapServers, run: 'run', topic, partition: 0, offset: 0 };
  await clusters.act({ type: 'Report', bootstrapServers, run: 'run', topic, partition: 0, facts: [] });
  await until('the run is read', () => 'known' in clusters.open(need, Date.now()), PATIENCE_MS);
}

test('they are closed after some minutes, not while a run is read, and opened again for the next use', async () => {
  await use();
  const all = connections();

  now += 6 * MINUTE;
  await clusters.closeUnused();
  await until('the view and the report are disconnected', () => connections() < all);
  expect(connections()).toBeGreaterThan(0);

  clusters.close('run');
  now += 6 * MINUTE;
  await clusters.closeUnused();
  await until('no connection is left', () => connections() === 0);
  await use();
  expect(connections()).toBeGreaterThan(0);
});
