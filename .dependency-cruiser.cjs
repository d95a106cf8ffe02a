/** Arrows point one way: main → adapters → runtime → api, and main → kinds → domain → api. */
const may = (from, ...to) => ({
  name: `${from}-imports`,
  comment: `src/${from} may import only src/{${[from, ...to].join(',')}}`,
  severity: 'error',
  from: { path: `^src/${from}/` },
  to: { path: '^src/', pathNot: `^src/(${[from, ...to].join('|')})/` },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    may('api'),
    may('domain', 'api'),
    may('kinds', 'domain', 'api'),
    may('runtime', 'api'),
    may('adapters', 'runtime', 'domain', 'api'),
    may('worker', 'domain'),
    {
      name: 'kinds-stand-alone',
      severity: 'error',
      from: { path: '^src/kinds/([^/]+)/' },
      to: { path: '^src/kinds/([^/]+)/', pathNot: '^src/kinds/$1/' },
    },
    {
      name: 'decisions-are-pure',
      comment: 'api, domain and kinds decide; they hold no client, clock or process',
      severity: 'error',
      from: { path: '^src/(api|domain|kinds)/', pathNot: '\\.test\\.ts$' },
      to: {
        path: '^(node:|fs$|net$|http)|@kubernetes/client-node|@platformatic/kafka|@confluentinc|node_modules/kafkajs/',
        pathNot: '^node:(assert|util)$',
      },
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
