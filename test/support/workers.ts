/** What processes of workers need that a test runs as pods do: a broker of their own with a topic for evidence, and what they are told. */
import { join } from 'node:path';
import { EvidenceReader } from '../../src/adapters/kafka/evidence/reader.ts';
import { EVIDENCE_TOPIC } from '../../src/domain/evidence/facts.ts';
import type { RunView } from '../../src/domain/figures/figures.ts';
import type { WorkerSpec } from '../../src/domain/workers/spec.ts';
import { type Broker, startBroker } from './broker.ts';

export const WORKER = join(import.meta.dirname, '../../src/main/worker.ts');
const PLACE = { topic: EVIDENCE_TOPIC, partition: 0 };

export interface WorkersBroker {
  /** One of Kafka's own: TopicCommand, ProducerPerformance. */
  tool(name: string, ...args: string[]): ReturnType<Broker['tool']>;
  /** Of the run's clients on the topic of its name. */
  spec(run: string, part: Pick<WorkerSpec, 'config' | 'work'> & { clientsPerPod?: number }): WorkerSpec;
  /** What the evidence of a run says by now; undefined: nothing can be read. */
  seen(run: string): RunView | undefined;
  stop(): Promise<void>;
}

export async function startWorkersBroker(): Promise<WorkersBroker> {
  const broker = await startBroker();
  const { bootstrapServers } = broker;
  const tool = (name: string, ...args: string[]) =>
    broker.tool(`org.apache.kafka.tools.${name}`, '--bootstrap-server', bootstrapServers, ...args);
  const appendTime = ['--config', 'message.timestamp.type=LogAppendTime'];
  await tool('TopicCommand', '--create', '--topic', EVIDENCE_TOPIC, '--partitions', '1', ...appendTime);
  const evidence = new EvidenceReader(bootstrapServers, EVIDENCE_TOPIC, () => {});
  return {
    tool,
    spec: (run, { clientsPerPod = 1, ...part }) => ({
      run,
      loadTest: `demo/${run}`,
      bootstrapServers,
      topic: run,
      evidence: PLACE,
      clientsPerPod,
      ...part,
    }),
    seen(run) {
      const known = evidence.open({ run, ...PLACE, offset: 0 }, Date.now());
      return 'known' in known ? known.known : undefined;
    },
    async stop() {
      await evidence.end();
      await broker.stop();
    },
  };
}
