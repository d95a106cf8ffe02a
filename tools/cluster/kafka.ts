// Starts Kafka on the cluster: its volumes and manifests, and the wait for its brokers.
import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { nodeName } from './certificates.ts';
import { apply, kubectl } from './kubectl.ts';
import { checkout, state } from './paths.ts';
import { step, waitFor } from './progress.ts';

const volumes = 6;
const kafkaUser = 65532;

/** Creates a volume per broker with a folder of the node, so that a new broker pod finds the data of the deleted one. */
async function makeVolumes(): Promise<void> {
  const items = [];
  for (let number = 0; number < volumes; number++) {
    const path = join(state, 'volumes', String(number));
    mkdirSync(path, { recursive: true });
    chownSync(path, kafkaUser, kafkaUser);
    items.push({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: `local-${number}` },
      spec: {
        storageClassName: 'local',
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        persistentVolumeReclaimPolicy: 'Retain',
        local: { path },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [nodeName] }] },
            ],
          },
        },
      },
    });
  }
  await apply({ apiVersion: 'v1', kind: 'List', items });
}

export async function startKafka(): Promise<void> {
  await makeVolumes();
  await kubectl('apply', '-f', join(checkout, 'manifests/kafka'));
}

export async function waitForKafka(): Promise<void> {
  await step('waiting for 3 Kafka brokers', () =>
    waitFor('3 Kafka brokers', 180, async () => {
      const ready = await kubectl(
        '-n',
        'kafka',
        'get',
        'statefulset',
        'my-cluster-kafka',
        '-o',
        'jsonpath={.status.readyReplicas}/{.spec.replicas}',
      );
      const [have, want] = ready.split('/');
      return have === want ? undefined : `${have || 0} of ${want} are ready`;
    }),
  );
}
