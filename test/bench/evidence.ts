/**
 * The costs of evidence: the throughput of the worker, compared with a loop over the same client library without evidence and
 * measurements, and the amount of evidence. Both run alternately on the same broker.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startBroker } from '../support/broker.ts';
import { rounded } from './summary.ts';

const PARTITIONS = 3;
const MESSAGES = 1_500_000;
const ROUNDS = 7;
const program = join(import.meta.dirname, 'consuming.ts');
const run = promisify(execFile);

interface Consumed {
  seconds: number;
  /** The reports and their size in mode worker. */
  bytes?: number;
  reports?: number;
}

const median = (values: number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
};

export async function evidence(): Promise<Record<string, unknown>> {
  const broker = await startBroker();
  try {
    const { bootstrapServers } = broker;
    const make = (topic: string, partitions: number) =>
      broker.tool(
        'org.apache.kafka.tools.TopicCommand',
        ...['--bootstrap-server', bootstrapServers, '--create', '--topic', topic, '--partitions', `${partitions}`],
      );
    await make('bench', PARTITIONS);
    await make('evidence', 1);
    await broker.tool(
      'org.apache.kafka.tools.ProducerPerformance',
      ...['--bootstrap-server', bootstrapServers, '--topic', 'bench', '--num-records', `${MESSAGES}`],
      ...['--record-size', '100', '--throughput', '-1'],
    );
    const consume = async (mode: string, round: number): Promise<Consumed> => {
      const { stdout } = await run(process.execPath, [program], {
        env: {
          ...process.env,
          MODE: mode,
          BOOTSTRAP_SERVERS: bootstrapServers,
          TOPIC: 'bench',
          GROUP: `${mode}-${round}`,
          MESSAGES: `${MESSAGES}`,
        },
      });
      return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Consumed;
    };
    const workers: Consumed[] = [];
    const clients: Consumed[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      // The order alternates, so that changes of the machine's load affect both modes equally.
      const turns = round % 2 === 0 ? [workers, clients] : [clients, workers];
      for (const turn of turns) turn.push(await consume(turn === workers ? 'worker' : 'client', round));
    }
    const rate = (all: Consumed[]) => MESSAGES / median(all.map(({ seconds }) => seconds));
    return {
      messages: MESSAGES,
      rounds: ROUNDS,
      workerPerSecond: rounded(rate(workers)),
      bareClientPerSecond: rounded(rate(clients)),
      ratio: rounded(rate(workers) / rate(clients), 3),
      aim: 0.97,
      evidenceBytesPerSecond: rounded(median(workers.map(({ bytes = 0, seconds }) => bytes / seconds))),
      evidenceBytesPerRecord: rounded(median(workers.map(({ bytes = 0 }) => bytes / MESSAGES)), 4),
    };
  } finally {
    await broker.stop();
  }
}
