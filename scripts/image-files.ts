/**
 * Builds the files of the image: the bundles dist/image/{operator,worker}.mjs, and the native Kafka client in node_modules,
 * which cannot be bundled. Requires scripts/native.sh. The image itself contains Node 24, libssl3, zlib1g and libzstd1.
 */

import { existsSync } from 'node:fs';
import { cp, mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, 'dist/image');
const CLIENT = '@confluentinc/kafka-javascript';
/** The files that the native producer and consumer load, by package. */
const RUNTIME_FILES: Record<string, string[]> = {
  [CLIENT]: [
    'package.json',
    'LICENSE.txt',
    'LICENSE.node-rdkafka',
    'librdkafka.js',
    ...['client', 'error', 'kafka-consumer', 'kafka-consumer-stream', 'producer', 'producer-stream'].map(inLib),
    ...['topic', 'topic-partition', 'util'].map(inLib),
    'build/Release/confluent-kafka-javascript.node',
    'build/deps/librdkafka.so.1',
    'build/deps/librdkafka++.so.1',
    'deps/librdkafka/LICENSES.txt',
  ],
  bindings: ['package.json', 'LICENSE.md', 'bindings.js'],
  'file-uri-to-path': ['package.json', 'LICENSE', 'index.js'],
};

function inLib(name: string): string {
  return `lib/${name}.js`;
}

const started = performance.now();
await rm(join(target, 'node_modules'), { recursive: true, force: true });

/** `node scripts/image-files.ts [operator] [worker]`. Without names it builds every program that exists. */
const named = process.argv.slice(2);
const programs =
  named.length > 0 ? named : ['operator', 'worker'].filter((name) => existsSync(join(root, 'src/main', `${name}.ts`)));
await build({
  absWorkingDir: root,
  entryPoints: Object.fromEntries(programs.map((name) => [name, `src/main/${name}.ts`])),
  outdir: 'dist/image',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  minify: true,
  keepNames: true,
  sourcemap: false,
  legalComments: 'none',
  platform: 'node',
  format: 'esm',
  target: 'node24',
  external: [CLIENT],
  // This variant contains its WebAssembly, instead of loading it from a file beside it.
  alias: { '@platformatic/wasm-utils': '@platformatic/wasm-utils/bundled' },
  // CommonJS dependencies load Node's modules with require.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});

for (const [name, files] of Object.entries(RUNTIME_FILES)) {
  for (const file of files) {
    const to = join(target, 'node_modules', name, file);
    await mkdir(dirname(to), { recursive: true });
    await cp(join(root, 'node_modules', name, file), to, { dereference: true });
  }
}

for (const name of programs) {
  const { size } = await stat(join(target, `${name}.mjs`));
  console.log(`dist/image/${name}.mjs ${Math.round(size / 1024)} KiB`);
}
console.log(`built in ${Math.round(performance.now() - started)} ms`);
