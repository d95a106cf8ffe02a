/** A single Kafka broker on loopback, from the jars of the local cluster, and Kafka's tools for it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kafkaJars } from '../../tools/cluster/build.ts';
import { run } from '../../tools/cluster/command.ts';

export interface Broker {
  bootstrapServers: string;
  /** Runs one of Kafka's tools until it exits. */
  tool(mainClass: string, ...args: string[]): Promise<string>;
  /** Starts Kafka's console consumer. `leave` stops it gracefully. */
  consoleConsumer(topic: string, group: string, ...properties: string[]): { leave(): Promise<void> };
  stop(): Promise<void>;
}

const java = (jars: string, heap: string, mainClass: string, args: string[]) => [
  `-Xmx${heap}`,
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
  '-cp',
  `${jars}/*`,
  mainClass,
  ...args,
];

export interface BrokerOptions {
  /** By default a free port. */
  port?: number;
  /** The version of Kafka, by default that of the local cluster. */
  version?: string | undefined;
  /** More settings of the broker. */
  settings?: Record<string, string>;
}

export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const jars = await kafkaJars(options.version);
  const folder = mkdtempSync(join(tmpdir(), 'kafka-lab-broker-'));
  const [port, controllerPort] = [options.port ?? (await freePort()), await freePort()];
  const config = join(folder, 'server.properties');
  writeFileSync(
    config,
    Object.entries({
      'process.roles': 'broker,controller',
      'node.id': 1,
      'log.dirs': join(folder, 'data'),
      'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
      'controller.listener.names': 'CONTROLLER',
      'inter.broker.listener.name': 'PLAIN',
      listeners: `PLAIN://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
      'listener.security.protocol.map': 'PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT',
      'offsets.topic.replication.factor': 1,
      'offsets.topic.num.partitions': 1,
      'transaction.state.log.replication.factor': 1,
      'transaction.state.log.min.isr': 1,
      'transaction.state.log.num.partitions': 1,
      'group.initial.rebalance.delay.ms': 0,
      ...options.settings,
    })
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  const tool = (mainClass: string, ...args: string[]) => run('java', java(jars, '128m', mainClass, args));
  await tool('kafka.tools.StorageTool', 'format', '--cluster-id', 'a2Fma2EtbGFiLWJyb2tlcg', '--config', config);
  const started: ChildProcess[] = [];
  const start = (heap: string, mainClass: string, args: string[]) => {
    const child = spawn('java', java(jars, heap, mainClass, args), { stdio: 'ignore' });
    started.push(child);
    return child;
  };
  const end = async (child: ChildProcess, signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  };
  start('384m', 'kafka.Kafka', [config]);
  return {
    bootstrapServers: `127.0.0.1:${port}`,
    tool,
    consoleConsumer(topic, group, ...properties) {
      const child = start('128m', 'org.apache.kafka.tools.consumer.ConsoleConsumer', [
        '--bootstrap-server',
        `127.0.0.1:${port}`,
        '--topic',
        topic,
        '--group',
        group,
        ...properties.flatMap((property) => ['--command-property', property]),
      ]);
      return { leave: () => end(child, 'SIGTERM') };
    },
    async stop() {
      await Promise.all(started.map((child) => end(child, 'SIGKILL')));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
