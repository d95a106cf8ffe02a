/**
 * Every wall refuses a violation: one per rule of .dependency-cruiser.cjs and one per override of biome.json is planted in a
 * temporary folder, and the tool has to report exactly these.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

const CHECKOUT = join(import.meta.dirname, '../..');
const CRUISER_CONFIG = join(CHECKOUT, '.dependency-cruiser.cjs');
const BIOME_CONFIG = join(CHECKOUT, 'biome.json');
const PLUGIN = 'tools/lint/noMathRandom.grit';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kafka-lab-walls-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function plant(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** The JSON output of a program of node_modules, run in the temporary folder. */
function runTool(program: string, ...args: string[]): unknown {
  const { stdout, stderr } = spawnSync(process.execPath, [join(CHECKOUT, 'node_modules', program), ...args], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(`${program} printed no JSON: ${stderr}${stdout}`);
  }
}

// ---- imports ----------------------------------------------------------------------------------

interface Import {
  from: string;
  to: string;
}

/** The rooms of src/domain below the fold. None of them may import it. */
const ROOMS = ['figures', 'clock', 'expressions', 'settings', 'strimzi', 'workers', 'status', 'evidence'];
const layer = (name: string): Import => ({ from: `src/${name}/a.ts`, to: 'src/main/b.ts' });
const room = (name: string): Import => ({ from: `src/domain/${name}/a.ts`, to: 'src/domain/fold/b.ts' });

const FORBIDDEN_IMPORTS: Record<string, Import> = {
  'no-cycles': { from: 'src/main/a.ts', to: 'src/main/cycle.ts' },
  ...Object.fromEntries(
    ['contract', 'api', 'domain', 'kinds', 'runtime', 'adapters', 'worker'].map((name) => [
      `${name}-imports`,
      layer(name),
    ]),
  ),
  ...Object.fromEntries([...ROOMS, 'group', 'delivery', 'keys'].map((name) => [`${name}-imports`, room(name)])),
  'fold-imports': { from: 'src/domain/fold/a.ts', to: 'src/domain/strimzi/b.ts' },
  'only-the-fold-has-the-group': { from: 'src/kinds/loadtest/a.ts', to: 'src/domain/group/b.ts' },
  'kinds-stand-alone': { from: 'src/kinds/lab/a.ts', to: 'src/kinds/loadtest/b.ts' },
  'decisions-are-pure': { from: 'src/kinds/lab/pure.ts', to: 'node:crypto' },
  'decisions-have-no-clients': { from: 'src/kinds/lab/clients.ts', to: 'kafkajs' },
  'nobody-imports-test': { from: 'scripts/a.ts', to: 'test/support/b.ts' },
  'src-stands-alone': { from: 'src/main/tools.ts', to: 'tools/b.ts' },
  'tools-need-no-scripts': { from: 'tools/a.ts', to: 'scripts/b.ts' },
};

function importLine(form: 'import' | 'import type', { from, to }: Import): string {
  const path = to.includes('.ts') ? `${'../'.repeat(from.split('/').length - 1)}${to}` : to;
  return form === 'import'
    ? `import { b } from '${path}';\nexport const a = b;\n`
    : `import type { B } from '${path}';\nexport type A = B;\n`;
}

/** The violations that dependency-cruiser reports, as `<rule> <file>`. */
function cruised(): string[] {
  const folders = ['src', 'tools', 'scripts', 'test'];
  for (const name of folders) mkdirSync(join(folder, name), { recursive: true });
  const program = 'dependency-cruiser/bin/dependency-cruiser.mjs';
  const { summary } = runTool(program, '--config', CRUISER_CONFIG, '--output-type', 'json', ...folders) as {
    summary: { violations: { rule: { name: string }; from: string }[] };
  };
  return summary.violations.map(({ rule, from }) => `${rule.name} ${from}`).sort();
}

const planted = Object.entries(FORBIDDEN_IMPORTS);
const CLIENTS = ['@kubernetes/client-node', '@platformatic/kafka', '@confluentinc/kafka-javascript', 'kafkajs'];

const moduleFiles = (): Record<string, string> => ({
  'tsconfig.json': '{}',
  'src/main/cycle.ts': "import { a } from './a.ts';\nexport const b = a;\n",
  ...Object.fromEntries(
    CLIENTS.flatMap((name) => [
      [`node_modules/${name}/package.json`, JSON.stringify({ name, main: 'index.js' })],
      [`node_modules/${name}/index.js`, ''],
    ]),
  ),
  ...Object.fromEntries(
    planted.flatMap(([, { to }]) => (to.endsWith('b.ts') ? [[to, 'export const b = 1;\nexport type B = 1;\n']] : [])),
  ),
});

test.each(['import', 'import type'] as const)('dependency-cruiser refuses every forbidden %s', (form) => {
  plant({
    ...moduleFiles(),
    ...Object.fromEntries(planted.map(([, one]) => [one.from, importLine(form, one)])),
  });
  expect(cruised()).toEqual(planted.map(([rule, { from }]) => `${rule} ${from}`).sort());
});

test('every rule of dependency-cruiser has a planted violation', () => {
  const { forbidden } = createRequire(import.meta.url)(CRUISER_CONFIG) as { forbidden: { name: string }[] };
  expect(planted.map(([rule]) => rule).sort()).toEqual(forbidden.map(({ name }) => name).sort());
});

test('every client and every folder of decisions is behind a wall', () => {
  const folders = ['contract', 'api', 'domain/figures', 'kinds/lab'];
  const files = folders.flatMap((name) => [
    ...CLIENTS.map((to, n) => ({ rule: 'decisions-have-no-clients', from: `src/${name}/client${n}.ts`, to })),
    { rule: 'decisions-are-pure', from: `src/${name}/core.ts`, to: 'node:fs' },
  ]);
  plant({ ...moduleFiles(), ...Object.fromEntries(files.map((one) => [one.from, importLine('import', one)])) });
  expect(cruised()).toEqual(files.map(({ rule, from }) => `${rule} ${from}`).sort());
});

// ---- globals ----------------------------------------------------------------------------------

interface BiomeConfig {
  overrides: {
    plugins?: string[];
    linter: { rules: { style: { noRestrictedGlobals: string | { options: { deniedGlobals: object } } } } };
  }[];
}

/** The globals that biome.json denies to decisions. */
function deniedGlobals(): string[] {
  const { overrides } = JSON.parse(readFileSync(BIOME_CONFIG, 'utf8')) as BiomeConfig;
  return overrides.flatMap(({ linter }) => {
    const rule = linter.rules.style.noRestrictedGlobals;
    return typeof rule === 'string' ? [] : Object.keys(rule.options.deniedGlobals);
  });
}

/** The errors that biome reports, as `<category> <file>`. */
function linted(): string[] {
  cpSync(BIOME_CONFIG, join(folder, 'biome.json'));
  cpSync(join(CHECKOUT, PLUGIN), join(folder, PLUGIN));
  // biome.json makes biome use the ignore file of Git.
  plant({ '.gitignore': 'node_modules/\n' });
  const { diagnostics } = runTool('@biomejs/biome/bin/biome', 'lint', '--reporter=json', '--colors=off') as {
    diagnostics: { category: string; location: { path: string } }[];
  };
  return diagnostics.map(({ category, location }) => `${category} ${location.path}`).sort();
}

const GLOBAL = 'lint/style/noRestrictedGlobals';
const uses = (expression: string) => `export const a = () => ${expression};\n`;

test('biome refuses every denied global in decisions', () => {
  const files = deniedGlobals().map((name) => [`src/domain/figures/${name}.ts`, uses(name)] as const);
  expect(files.length).toBeGreaterThan(5);
  plant(Object.fromEntries(files));
  expect(linted()).toEqual(files.map(([path]) => `${GLOBAL} ${path}`).sort());
});

test('biome refuses globals and randomness in every folder of decisions', () => {
  const paths = ['contract', 'api', 'domain/figures', 'kinds/lab'].map((name) => `src/${name}/a.ts`);
  plant(Object.fromEntries(paths.map((path) => [path, uses('[Date.now(), Math.random()]')])));
  expect(linted()).toEqual(paths.flatMap((path) => [`${GLOBAL} ${path}`, `plugin ${path}`]).sort());
});

test('biome allows globals outside of decisions, in their tests and in contract/time.ts', () => {
  const paths = ['src/runtime/a.ts', 'src/main/a.ts', 'src/domain/figures/a.test.ts', 'src/contract/time.ts'];
  plant(Object.fromEntries(paths.map((path) => [path, uses('Date.now()')])));
  expect(linted()).toEqual([]);
});
