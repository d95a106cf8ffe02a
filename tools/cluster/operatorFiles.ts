// Builds dist/image, the files of the image of the operator and its workers.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';
import { checkout } from './paths.ts';
import { step } from './progress.ts';
import { requireTools } from './requirements.ts';

const client = join(
  checkout,
  'node_modules/@confluentinc/kafka-javascript/build/Release/confluent-kafka-javascript.node',
);
const script = (name: string): string => join(checkout, 'scripts', name);

export async function operatorFiles(): Promise<void> {
  if (!existsSync(client)) {
    await requireTools(['g++', 'make', 'python3', 'openssl/ssl.h', 'zlib.h', 'zstd.h']);
    await step('building the native Kafka client (1 to 2 minutes, once per machine)', () =>
      run(script('native.sh'), []),
    );
  }
  await step('bundling the operator and its workers', () => run(process.execPath, [script('image-files.ts')]));
}
