// The images of the local cluster, built without a registry. The base images consist of Debian packages. The other images use
// the same Dockerfiles as `docker build`.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { cached, debian, hashOf, kafkaJars, kafkaPython, pause } from './build.ts';
import { attempt, run } from './command.ts';
import { pauseImage } from './node.ts';
import { type Blob, blobsOf, layoutOfRoot, writeIndex } from './ociLayout.ts';
import { operatorFiles } from './operatorFiles.ts';
import { builderRuntime, builderStorage, cache, checkout, containerdSocket, here, runtime } from './paths.ts';
import { note, step } from './progress.ts';
import { requireTools } from './requirements.ts';

const kafkaVersion = '4.3.1';
const kafkaImage = `docker.io/library/kafka-lab-kafka:${kafkaVersion}`;
const pythonImage = 'docker.io/library/kafka-lab-python:1';
const operatorImage = 'docker.io/library/kafka-lab-operator:dev';
const operatorFolder = join(checkout, 'dist/image');

const storage = [
  '--root',
  builderStorage,
  '--runroot',
  builderRuntime,
  '--storage-driver',
  'overlay',
  '--storage-opt',
  'overlay.skip_mount_home=true',
];

function buildah(args: string[], cwd?: string): Promise<string> {
  mkdirSync(builderStorage, { recursive: true });
  return run('buildah', [...storage, ...args], { ...(cwd !== undefined && { cwd }) });
}

/** The base image in the builder's storage, created from a tar file with a root file system. */
async function base(tar: string): Promise<string> {
  const folderName = basename(tar, '.tar');
  const name = `localhost/${folderName}:latest`;
  if (attempt('buildah', [...storage, 'inspect', '--type', 'image', name]) !== undefined) return name;
  await requireTools(['buildah']);
  await step(`loading ${basename(tar)} into the image builder`, () =>
    inBuildFolder(async (folder) => {
      await layoutOfRoot(name, tar, join(folder, folderName));
      await buildah(['pull', '-q', `oci:${folderName}`], folder); // the image is named after this path
    }),
  );
  return name;
}

async function inBuildFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  mkdirSync(join(cache, 'work'), { recursive: true });
  const folder = mkdtempSync(join(cache, 'work/')); // on the file system of the tar files, for hard links
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function build(name: string, folder: string, options: string[]): Promise<void> {
  await requireTools(['buildah']);
  await buildah(['build', '--isolation', 'chroot', '--layers', '-q', '-t', name, ...options, folder]);
}

async function buildArchive(name: string, folder: string, target: string, options: string[]): Promise<void> {
  await build(name, folder, options);
  await buildah(['push', '-q', name, `docker-archive:${target}:${name}`]);
}

function pauseArchive(): Promise<string> {
  return pause().then((program) =>
    cached({
      name: 'pause.tar',
      folder: 'images',
      inputs: [program, join(here, 'pause/Dockerfile')],
      tools: ['buildah'],
      about: 'building the pause image',
      build: (target) =>
        inBuildFolder(async (folder) => {
          cpSync(program, join(folder, 'pause'));
          cpSync(join(here, 'pause/Dockerfile'), join(folder, 'Dockerfile'));
          await buildArchive(pauseImage, folder, target, []);
        }),
    }),
  );
}

/** Fills a build folder for the Dockerfile of Kafka. */
export async function kafkaBuildFolder(folder: string): Promise<void> {
  cpSync(await kafkaJars(), join(folder, 'lib'), { recursive: true });
  cpSync(join(here, 'kafka/bin'), join(folder, 'bin'), { recursive: true, verbatimSymlinks: true });
  cpSync(join(here, 'kafka/Dockerfile'), join(folder, 'Dockerfile'));
}

const javaInPath = 'ln -s "../lib/jvm/java-17-openjdk-$(dpkg --print-architecture)/bin/java" "$1"/usr/bin/java';

async function kafkaArchive(): Promise<string> {
  const packages = ['openjdk-17-jre-headless'];
  return cached({
    name: 'kafka.tar',
    folder: 'images',
    inputs: [join(here, 'kafka'), packages.join(' ')],
    tools: ['buildah'],
    about: `building the image of Kafka ${kafkaVersion}`,
    build: (target) =>
      inBuildFolder(async (folder) => {
        const from = await base(await debian('kafka-lab-java', packages, [javaInPath]));
        await kafkaBuildFolder(folder);
        await buildArchive(kafkaImage, folder, target, ['--build-arg', `BASE=${from}`]);
      }),
  });
}

/** Fills a build folder for the Dockerfile of the Python consumer. */
export async function pythonBuildFolder(folder: string): Promise<void> {
  cpSync(await kafkaPython(), join(folder, 'site'), { recursive: true });
  for (const file of ['Dockerfile', 'consumer.py']) cpSync(join(here, 'python', file), join(folder, file));
}

/** Loads the image of a foreign consumer. Few tests need it, so it is built on first use. */
export async function loadPythonImage(): Promise<void> {
  const packages = ['libpython3-stdlib', 'python3-minimal'];
  const archive = await cached({
    name: 'python.tar',
    folder: 'images',
    inputs: [join(here, 'python'), await kafkaPython().then((site) => basename(site)), packages.join(' ')],
    tools: ['buildah'],
    about: 'building the image of a Python consumer',
    build: (target) =>
      inBuildFolder(async (folder) => {
        const from = await base(await debian('kafka-lab-python', packages));
        await pythonBuildFolder(folder);
        await buildArchive(pythonImage, folder, target, ['--build-arg', `BASE=${from}`]);
      }),
  });
  if (!loaded(pythonImage, archive)) await load(pythonImage, archive, archive);
}

function nodeBase(): Promise<string> {
  return debian(
    'kafka-lab-node',
    ['libssl3', 'libstdc++6', 'libzstd1', 'zlib1g'],
    [`install -D -m 755 ${process.execPath} "$1"/usr/local/bin/node`],
  );
}

const buildOperatorImage = (from: string): Promise<void> =>
  build(operatorImage, checkout, ['--build-arg', `BASE=${from}`]);

/** Builds the images before the cluster starts, beside the other builds. */
export async function prepareImages(): Promise<void> {
  await pauseArchive();
  await kafkaArchive();
  const from = await base(await nodeBase());
  await operatorFiles();
  await buildOperatorImage(from); // its layers are kept: the image that is loaded later takes them from the builder's storage
}

/** Writes an image as an OCI archive without its first `skipLayers` layers, which the reader already has. */
async function archiveOf(name: string, folder: string, skipLayers: number): Promise<string> {
  const pushed = join(folder, 'pushed');
  const layout = join(folder, 'layout');
  await buildah(['push', '-q', '--disable-compression', name, `dir:${pushed}`]);
  mkdirSync(blobsOf(layout), { recursive: true });
  const manifest = readFileSync(join(pushed, 'manifest.json'));
  const { mediaType, config, layers } = JSON.parse(manifest.toString()) as {
    mediaType: string;
    config: Blob;
    layers: Blob[];
  };
  for (const blob of [config, ...layers.slice(skipLayers)]) {
    const file = blob.digest.replace('sha256:', '');
    // Equal layers share one file.
    if (existsSync(join(pushed, file))) renameSync(join(pushed, file), join(blobsOf(layout), file));
  }
  writeIndex(layout, { mediaType, manifest, name });
  const archive = join(folder, 'image.tar');
  await run('tar', ['--create', '--file', archive, '--directory', layout, '.']);
  return archive;
}

const loadedRecord = (name: string): string => join(runtime, 'loaded', basename(name).replace(':', '-'));

function loaded(name: string, content: string): boolean {
  return existsSync(loadedRecord(name)) && readFileSync(loadedRecord(name), 'utf8') === content;
}

function record(name: string, content: string): void {
  mkdirSync(dirname(loadedRecord(name)), { recursive: true });
  writeFileSync(loadedRecord(name), content);
}

async function load(name: string, archive: string, content: string): Promise<void> {
  await run('ctr', ['--address', containerdSocket, '--namespace', 'k8s.io', 'images', 'import', archive]);
  record(name, content);
}

export async function loadClusterImages(): Promise<void> {
  for (const [name, archive] of [
    [pauseImage, await pauseArchive()],
    [kafkaImage, await kafkaArchive()],
  ] as const) {
    if (!loaded(name, archive)) await load(name, archive, archive);
  }
}

/** Builds the image of the operator from dist/image and loads it, unless the cluster already has this content. */
export async function loadOperatorImage(): Promise<void> {
  if (!existsSync(operatorFolder)) {
    note('no operator image is loaded, because dist/image is missing: run `make image` to create it');
    return;
  }
  const tar = await nodeBase();
  const content = hashOf([operatorFolder, join(checkout, 'Dockerfile'), tar.slice(cache.length)]);
  if (loaded(operatorImage, content)) {
    note(`${basename(operatorImage)} is up to date`);
    return;
  }
  const from = await base(tar);
  await step(`building and loading ${basename(operatorImage)}`, async () => {
    const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'kafka-lab-image-'));
    try {
      await buildOperatorImage(from);
      // The base layer is most of the image. From the second time on, containerd already has it.
      const hasBase = loaded(`${operatorImage}-base`, from);
      await load(operatorImage, await archiveOf(operatorImage, folder, hasBase ? 1 : 0), content);
      record(`${operatorImage}-base`, from);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
