/** Kafka's Java client as the judge of where keys go: see java/Keys.java. */
import { join } from 'node:path';
import { kafkaJars } from '../../tools/cluster/build.ts';
import { run } from '../../tools/cluster/command.ts';

const PROGRAM = join(import.meta.dirname, 'java/Keys.java');
const SEED = '20261121';

async function lines(...args: string[]): Promise<string[][]> {
  const flags = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error';
  const printed = await run('java', [...flags, quiet, '-cp', `${await kafkaJars()}/*`, PROGRAM, ...args]);
  return printed
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
}

const bytesOf = (base64 = ''): Buffer => Buffer.from(base64, 'base64');

/** The hash and, for each number of partitions, the partition that the Java client finds for keys of any bytes. */
export async function javaHashes(count: number, partitions: number[]) {
  const found = await lines('hash', SEED, String(count), ...partitions.map(String));
  return found.map(([key, hash, ...chosen]) => ({ key: bytesOf(key), hash: Number(hash), chosen: chosen.map(Number) }));
}

/** Sends a record for each of so many keys (text) with a real KafkaProducer: the partition that it went to. */
export async function javaSends(count: number, bootstrapServers: string, topic: string) {
  const found = await lines('send', SEED, String(count), bootstrapServers, topic);
  return found.map(([key, partition]) => ({ key: bytesOf(key).toString(), partition: Number(partition) }));
}
