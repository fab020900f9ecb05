/** Lowest first. A part imports from lower layers and from itself; siblings never import each other. */
const LAYERS = [
  ['lib'],
  ['core'],
  ['query'],
  ['columns'],
  ['sources', 'store', 'policy', 'inventory', 'live', 'evidence', 'formats'],
  ['operations', 'demo'],
  ['http', 'cli', 'processes', 'observer'],
];

const downwardOnly = LAYERS.flatMap((layer, height) =>
  layer.map((part) => ({
    name: `${part}-imports-downward-only`,
    severity: 'error',
    from: { path: `^server/${part}/` },
    to: {
      path: LAYERS.slice(height)
        .flat()
        .map((other) => `^server/${other}/`)
        .concat('^server/main\\.ts$', '^web/'),
      pathNot: `^server/${part}/`,
    },
  })),
);

module.exports = {
  forbidden: [
    ...downwardOnly,
    {
      name: 'no-cycles',
      severity: 'error',
      // A component that draws a tree imports itself, which is how Svelte recurs.
      from: { pathNot: '^web/src/ui/JsonTree\\.svelte$' },
      to: { circular: true },
    },
    {
      name: 'web-sees-core-query-and-contract',
      severity: 'error',
      from: { path: '^web/' },
      to: {
        path: '^server/',
        pathNot: '^server/(core|query)/|^server/http/(live-)?contract\\.ts$',
      },
    },
    {
      // The image is pruned of them.
      name: 'server-needs-no-development-package',
      severity: 'error',
      from: { path: '^server/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'core-imports-no-package',
      severity: 'error',
      from: { path: '^server/core/' },
      to: { dependencyTypes: ['npm', 'core'] },
    },
    {
      name: 'pages-to-state-to-api',
      severity: 'error',
      from: { path: '^web/src/(api|ui|charts)/' },
      to: { path: '^web/src/(pages|state)/' },
    },
    {
      name: 'state-not-to-pages',
      severity: 'error',
      from: { path: '^web/src/state/' },
      to: { path: '^web/src/(pages|ui)/' },
    },
    {
      name: 'ui-stands-alone',
      severity: 'error',
      from: { path: '^web/src/ui/' },
      to: { path: '^web/src/(pages|state|api)/' },
    },
    {
      name: 'nothing-imports-test',
      severity: 'error',
      from: { path: '^(server|web)/' },
      to: { path: '^test/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.svelte', '.svelte.ts'] },
  },
};
