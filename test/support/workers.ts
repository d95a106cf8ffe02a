/** A broker for workers that run as processes: it has an evidence topic, and it provides their specs. */
import { join } from 'node:path';
import { EvidenceReader } from '../../src/adapters/kafka/evidence/reader.ts';
import { EVIDENCE_TOPIC } from '../../src/domain/evidence/facts.ts';
import type { RunFigures } from '../../src/domain/fold/runFigures.ts';
import type { WorkerSpec } from '../../src/domain/workers/spec.ts';
import { type Broker, type BrokerOptions, startBroker } from './broker.ts';

export const WORKER = join(import.meta.dirname, '../../src/main/worker.ts');
const PLACE = { topic: EVIDENCE_TOPIC, partition: 0 };

export interface WorkersBroker {
  bootstrapServers: string;
  /** Runs one of Kafka's tools, e.g. TopicCommand or ProducerPerformance. */
  tool(name: string, ...args: string[]): ReturnType<Broker['tool']>;
  /** The spec of a worker of the run. The topic has the name of the run. */
  spec(run: string, part: Pick<WorkerSpec, 'config' | 'work'> & { clientsPerPod?: number }): WorkerSpec;
  /** The current figures of a run. undefined: its evidence is not available. */
  seen(run: string): RunFigures | undefined;
  stop(): Promise<void>;
}

export async function startWorkersBroker(options: BrokerOptions = {}): Promise<WorkersBroker> {
  const broker = await startBroker(options);
  const { bootstrapServers } = broker;
  const tool = (name: string, ...args: string[]) =>
    broker.tool(`org.apache.kafka.tools.${name}`, '--bootstrap-server', bootstrapServers, ...args);
  const appendTime = ['--config', 'message.timestamp.type=LogAppendTime'];
  await tool('TopicCommand', '--create', '--topic', EVIDENCE_TOPIC, '--partitions', '1', ...appendTime);
  const evidence = new EvidenceReader(bootstrapServers, EVIDENCE_TOPIC, () => {}, console);
  return {
    bootstrapServers,
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
