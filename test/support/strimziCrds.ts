/** Strimzi's CRDs, from its own generator. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from 'js-yaml';
import type { KubernetesObject } from '../../src/contract/kubernetes.ts';
import { strimziCrds } from '../../tools/cluster/build.ts';

interface Definition extends KubernetesObject {
  spec: { versions: { name: string }[] };
}

/** The CRDs of Kafka and KafkaTopic. `version`: the name of the served version, which differs between releases. */
export async function strimziDefinitions(version = 'v1'): Promise<KubernetesObject[]> {
  const folder = await strimziCrds();
  const files = ['kafka.yaml', 'kafkatopic.yaml'];
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return texts.map((text) => {
    const definition = load(text) as Definition;
    const { versions } = definition.spec;
    if (versions.length !== 1) throw new Error(`${definition.metadata.name} has ${versions.length} versions`);
    return {
      ...definition,
      spec: { ...definition.spec, versions: versions.map((one) => ({ ...one, name: version })) },
    };
  });
}

/** A Kafka resource with a plain and a TLS listener. */
export const kafkaResource = (apiVersion: string, namespace: string, name: string): KubernetesObject => ({
  apiVersion,
  kind: 'Kafka',
  metadata: { namespace, name },
  spec: {
    kafka: {
      listeners: [
        { name: 'plain', port: 9092, type: 'internal', tls: false },
        { name: 'tls', port: 9093, type: 'internal', tls: true },
      ],
    },
  },
});

export const listenersStatus = (bootstrapServers: string) => ({
  listeners: [
    { name: 'plain', bootstrapServers },
    { name: 'tls', bootstrapServers, certificates: ['-----BEGIN CERTIFICATE-----'] },
  ],
});
