// Builds and downloads. Each artifact is in the cache under a name with a hash of its inputs. It gets this name only when it
// is complete, so an interrupted build is repeated.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { attemptAll, run } from './command.ts';
import { cache, here } from './paths.ts';
import { step } from './progress.ts';
import { requireTools } from './requirements.ts';

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

export function hashOf(inputs: string[]): string {
  const hash = createHash('sha256');
  for (const input of inputs) {
    if (!existsSync(input)) {
      hash.update(`text ${input}\n`);
      continue;
    }
    for (const file of filesBelow(input)) hash.update(`file ${relative(input, file)}\n`).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 12);
}

interface Artifact {
  name: string;
  folder: string;
  /** The files, folders or plain texts that determine the artifact. */
  inputs: string[];
  tools: string[];
  about: string;
  build: (target: string) => Promise<unknown>;
}

const building = new Map<string, Promise<string>>();

/** The path of the artifact, which is built if it is missing. Simultaneous callers share one build. */
export function cached(artifact: Artifact): Promise<string> {
  const target = pathOf(artifact);
  const built = building.get(target) ?? buildMissing(artifact, target).finally(() => building.delete(target));
  building.set(target, built);
  return built;
}

function pathOf(artifact: Artifact): string {
  const [, base, ending] = /^(.*?)(\.tar)?$/.exec(artifact.name) as unknown as [string, string, string | undefined];
  return join(cache, artifact.folder, `${base}-${hashOf(artifact.inputs)}${ending ?? ''}`);
}

async function buildMissing(artifact: Artifact, target: string): Promise<string> {
  if (existsSync(target)) return target;
  await requireTools(artifact.tools);
  mkdirSync(join(cache, artifact.folder), { recursive: true });
  const unfinished = `${target}.new.${process.pid}`;
  await step(artifact.about, async () => {
    try {
      await artifact.build(unfinished);
      renameSync(unfinished, target);
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
  });
  return target;
}

function versionIn(file: string, pattern: RegExp): string {
  const match = pattern.exec(readFileSync(join(here, file), 'utf8'));
  if (!match?.[1]) throw new Error(`no version in ${file}`);
  return match[1];
}

export interface Programs {
  kubernetes: string;
  coredns: string;
}

/** Kubernetes as one program, which chooses a component by its own file name, and CoreDNS. */
export async function programs(): Promise<Programs> {
  const version = versionIn('programs/go.mod', /\tk8s\.io\/kubernetes v(\S+)/);
  const folder = await cached({
    name: `programs-${version}`,
    folder: 'bin',
    inputs: [join(here, 'programs')],
    tools: ['go'],
    about: `building Kubernetes ${version} and its DNS (5 to 8 minutes on 2 cores, once per machine)`,
    build: (target) => run(join(here, 'programs/build.sh'), [target]),
  });
  const kubernetes = join(folder, 'kubernetes');
  const link = join(cache, 'bin', 'kubectl');
  const fresh = `${link}.new.${process.pid}`;
  symlinkSync(kubernetes, fresh);
  renameSync(fresh, link);
  return { kubernetes, coredns: join(folder, 'coredns') };
}

export function pause(): Promise<string> {
  const source = join(here, 'pause/pause.c');
  return cached({
    name: 'pause',
    folder: 'bin',
    inputs: [source],
    tools: ['cc'],
    about: 'compiling the pause program',
    build: (target) => run('cc', ['-static', '-Os', '-s', '-o', target, source]),
  });
}

const kafkaVersion = versionIn('kafka/pom.xml', /kafka_2\.13<\/artifactId>\s*<version>([^<]+)/);

/** A folder with the jars of a Kafka broker and its tools. `version`: by default that of the local cluster. */
export function kafkaJars(version = kafkaVersion): Promise<string> {
  const pom = join(here, 'kafka/pom.xml');
  const other = version === kafkaVersion ? undefined : readFileSync(pom, 'utf8').replaceAll(kafkaVersion, version);
  return cached({
    name: `kafka-jars-${version}`,
    folder: 'download',
    inputs: [other ?? pom],
    tools: ['mvn'],
    about: `downloading Kafka ${version} from Maven Central (about 50 MB)`,
    build: async (target) => {
      mkdirSync(target);
      const file = other === undefined ? pom : join(target, 'pom.xml');
      if (other !== undefined) writeFileSync(file, other);
      await run('mvn', [
        '-q',
        '-B',
        '-f',
        file,
        'dependency:copy-dependencies',
        '-DincludeScope=runtime',
        `-DoutputDirectory=${target}`,
      ]);
    },
  });
}

/** The first Java on this machine that can run Strimzi's jars. */
function java21(): string {
  const homes = '/usr/lib/jvm';
  const programs = existsSync(homes) ? readdirSync(homes).map((home) => join(homes, home, 'bin', 'java')) : [];
  const found = ['java', ...programs].find((program) => {
    const [, major] = /version "(\d+)/.exec(attemptAll(program, ['-version'])) ?? [];
    return Number(major) >= 21;
  });
  if (found === undefined) {
    throw new Error(
      'Java 21 or newer is missing. It generates the CRDs of Strimzi: install it from https://adoptium.net (or, if your Debian has it, apt-get install openjdk-21-jre-headless), then run this again',
    );
  }
  return found;
}

/** A folder with the CRDs of Strimzi that this project uses, generated by Strimzi's own program. */
export function strimziCrds(): Promise<string> {
  const pom = join(here, 'strimzi/pom.xml');
  const version = versionIn('strimzi/pom.xml', /crd-generator<\/artifactId>\s*<version>([^<]+)/);
  return cached({
    name: `strimzi-crds-${version}`,
    folder: 'download',
    inputs: [pom],
    tools: ['mvn'],
    about: `generating the CRDs of Strimzi ${version} with jars from Maven Central`,
    build: async (target) => {
      const jars = join(target, 'lib');
      mkdirSync(target);
      await run('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${jars}`]);
      const write = (type: string, file: string) =>
        run(java21(), [
          ...['-cp', `${jars}/*`, 'io.strimzi.crdgenerator.CrdGenerator', '--yaml'],
          `io.strimzi.api.kafka.model.${type}=${join(target, file)}`,
        ]);
      await write('topic.KafkaTopic', 'kafkatopic.yaml');
      await write('kafka.Kafka', 'kafka.yaml');
      rmSync(jars, { recursive: true });
    },
  });
}

const helmVersion = '3.22.0';

/** The program of Helm, for the tests of the chart. */
export function helm(): Promise<string> {
  return cached({
    name: `helm-${helmVersion}`,
    folder: 'bin',
    inputs: [`helm ${helmVersion}`],
    tools: ['go'],
    about: `building Helm ${helmVersion} (about two minutes, once per machine)`,
    build: async (target) => {
      const folder = `${target}.bin`;
      try {
        await run('go', ['install', '-trimpath', '-ldflags=-s -w', `helm.sh/helm/v3/cmd/helm@v${helmVersion}`], {
          env: { GOBIN: folder, CGO_ENABLED: '0' },
        });
        renameSync(join(folder, 'helm'), target);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  });
}

const kafkaPythonVersion = '3.0.12';

/** A folder with kafka-python, for PYTHONPATH. */
export function kafkaPython(): Promise<string> {
  return cached({
    name: `kafka-python-${kafkaPythonVersion}`,
    folder: 'download',
    inputs: [`kafka-python ${kafkaPythonVersion}`],
    tools: ['python3', 'pip3'],
    about: 'downloading kafka-python from PyPI',
    build: (target) =>
      run('pip3', [
        'install',
        '--quiet',
        '--disable-pip-version-check',
        '--no-deps',
        '--no-compile',
        '--target',
        target,
        `kafka-python==${kafkaPythonVersion}`,
      ]),
  });
}

/** Commands for the root file system "$1", run after its packages are unpacked. */
const complete = [
  'rm -rf "$1"/usr/share/doc/* "$1"/usr/share/man/* "$1"/usr/share/locale/* "$1"/usr/share/info/*',
  'cp "$1"/usr/share/base-passwd/passwd.master "$1"/etc/passwd',
  'cp "$1"/usr/share/base-passwd/group.master "$1"/etc/group',
  'ldconfig -r "$1"',
];

/**
 * A Debian root file system with the essential packages, `packages` and what these depend on, as a tar file. Packages are
 * unpacked but not configured, because their scripts take longer than all the rest: `complete` and `hooks` do what the images
 * need of it.
 */
export function debian(name: string, packages: string[], hooks: string[] = []): Promise<string> {
  const options = [
    '--include=?essential',
    `--include=${packages.join(',')}`,
    ...[...complete, ...hooks].map((hook) => `--extract-hook=${hook}`),
  ];
  return cached({
    name: `${name}.tar`,
    folder: 'download',
    inputs: options.map((option) => `${option} `), // texts, never read as files
    tools: ['mmdebstrap'],
    about: `unpacking Debian packages for the base image ${name}: ${packages.join(' ')}`,
    build: (target) => run('mmdebstrap', ['--variant=extract', '--format=tar', ...options, 'bookworm', target]),
  });
}
