/**
 * Makes what goes into the image: dist/image/{operator,worker}.mjs, bundled, and beside them the node_modules that
 * can't be bundled, which is the native Kafka client without what never runs. Needs scripts/native.sh to have run.
 * The image itself brings Node 24, libssl3, zlib1g and libzstd1.
 */

import { existsSync } from 'node:fs';
import { cp, mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, 'dist/image');
const CLIENT = '@confluentinc/kafka-javascript';
/** The files that the rdkafka-style producer and consumer load, by folder of node_modules. */
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

/** `node scripts/image-files.ts [operator] [worker]`: all that exist, unless named. */
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
  // The variant that holds its WebAssembly in itself, instead of loading it from beside its own file.
  alias: { '@platformatic/wasm-utils': '@platformatic/wasm-utils/bundled' },
  // CommonJS dependencies call require for Node's own modules.
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
console.log(`made in ${Math.round(performance.now() - started)} ms`);
