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

let making: Promise<void> | undefined;

/** Callers share one build. */
export function operatorFiles(): Promise<void> {
  making ??= make();
  return making;
}

async function make(): Promise<void> {
  // With npm among the other builds, Go starts to compile Kubernetes at once.
  await run('make', ['--no-print-directory', 'install'], { cwd: checkout, env: { MAKEFLAGS: '' }, show: true });
  if (!existsSync(client)) {
    await requireTools(['g++', 'make', 'python3', 'openssl/ssl.h', 'zlib.h', 'zstd.h']);
    await step('building the native Kafka client (1 to 2 minutes, once per machine)', () =>
      run(script('native.sh'), []),
    );
  }
  await step('bundling the operator and its workers', () => run(process.execPath, [script('image-files.ts')]));
}
