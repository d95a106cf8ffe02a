/** The partitions that Kafka's Java client chooses for keys, as the reference (see java/Keys.java). */
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

/** Random keys with their hash in the Java client, and its choice of partition for each number of partitions. */
export async function javaHashes(count: number, partitions: number[]) {
  const found = await lines('hash', SEED, String(count), ...partitions.map(String));
  return found.map(([key, hash, ...chosen]) => ({ key: bytesOf(key), hash: Number(hash), chosen: chosen.map(Number) }));
}

/** Sends one record for each of `count` text keys with a real KafkaProducer. Returns the partition of each record. */
export async function javaSends(count: number, bootstrapServers: string, topic: string) {
  const found = await lines('send', SEED, String(count), bootstrapServers, topic);
  return found.map(([key, partition]) => ({ key: bytesOf(key).toString(), partition: Number(partition) }));
}
