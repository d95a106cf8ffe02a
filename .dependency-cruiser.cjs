/**
 * Who may import whom. Arrows point one way:
 * main → adapters → runtime → contract, main → kinds → domain → api → contract, worker → domain;
 * scripts → tools → src; test may import all of them, and nobody imports test.
 */
const LAYERS = {
  contract: [],
  api: ['contract'],
  domain: ['api', 'contract'],
  kinds: ['domain', 'api', 'contract'],
  runtime: ['contract'],
  adapters: ['runtime', 'domain', 'contract'],
  worker: ['domain', 'contract'],
};

/** The rooms of src/domain, from the ground floor up. */
const ROOMS = {
  figures: [],
  clock: [],
  expressions: [],
  settings: [],
  strimzi: [],
  workers: ['settings'],
  status: ['figures'],
  evidence: ['figures', 'clock'],
  group: ['evidence', 'figures', 'clock'],
  delivery: ['evidence', 'figures', 'clock', 'keys'],
  keys: ['evidence', 'figures', 'clock'],
  fold: ['group', 'delivery', 'keys', 'evidence', 'figures', 'clock'],
};

const SOURCES = { pathNot: '\\.test\\.ts$' };
const imports = (folder, name, within, allowed) => ({
  name: `${name}-imports`,
  comment: `${folder}/${name} may import only ${folder}/{${[name, ...allowed].join(',')}}`,
  severity: 'error',
  from: { path: `^${folder}/${name}/`, ...SOURCES },
  to: { path: `^${within}/`, pathNot: `^${folder}/(${[name, ...allowed].join('|')})/` },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...Object.entries(LAYERS).map(([name, allowed]) => imports('src', name, 'src', allowed)),
    ...Object.entries(ROOMS).map(([name, allowed]) => imports('src/domain', name, 'src/domain', allowed)),
    {
      name: 'only-the-fold-has-the-group',
      comment: 'outside of src/domain only the figures of the fold are seen, never src/domain/{group,keys}',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/domain/|\\.test\\.ts$' },
      to: { path: '^src/domain/(group|keys)/' },
    },
    {
      name: 'kinds-stand-alone',
      severity: 'error',
      from: { path: '^src/kinds/([^/]+)/' },
      to: { path: '^src/kinds/([^/]+)/', pathNot: '^src/kinds/$1/' },
    },
    {
      name: 'decisions-are-pure',
      comment: 'contract, api, domain and kinds decide: of Node they may use what computes, and no client at all',
      severity: 'error',
      from: { path: '^src/(contract|api|domain|kinds)/', ...SOURCES },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(assert|util)$' },
    },
    {
      name: 'decisions-have-no-clients',
      comment: 'contract, api, domain and kinds decide: they hold no client',
      severity: 'error',
      from: { path: '^src/(contract|api|domain|kinds)/', ...SOURCES },
      to: { path: '@kubernetes/client-node|@platformatic/kafka|@confluentinc|node_modules/kafkajs/' },
    },
    {
      name: 'nobody-imports-test',
      comment: 'what scripts and tests both need is in tools/',
      severity: 'error',
      from: { path: '^(src|tools|scripts)/', ...SOURCES },
      to: { path: '^test/' },
    },
    {
      name: 'src-stands-alone',
      severity: 'error',
      from: { path: '^src/', ...SOURCES },
      to: { path: '^(tools|scripts)/' },
    },
    {
      name: 'tools-need-no-scripts',
      severity: 'error',
      from: { path: '^tools/' },
      to: { path: '^scripts/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
  },
};
