// Who may import whom. Each rule's comment says what to do instead; `pnpm verify` runs it.
const controlPlane = '^apps/control-plane/src'
const tests = '\\.(test|conformance)\\.ts$'

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other share a third thing: move it into a file of its own.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'unresolvable',
      comment:
        'The import does not resolve: add the dependency to the package.json of the package that imports it.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'packages-import-no-apps',
      comment: 'A package serves apps and knows none: pass what it needs as an argument.',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^apps/' },
    },
    {
      name: 'apps-import-no-apps',
      comment: 'Apps meet over the wire only: move what both need into a package.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'production-imports-no-test-code',
      comment: '@postern/testing, test/ and demo/ are for tests and demonstrations.',
      severity: 'error',
      from: { path: '^(apps|packages)/', pathNot: [tests, '^packages/testing/', '/test/', '\\.bench\\.ts$'] },
      to: { path: '^(packages/testing|test|demo)/' },
    },
    {
      name: 'only-app-wires',
      comment:
        'Routes and PostgreSQL stores are chosen in app.ts and the open-*.ts beside it: ask for the store interface as an argument.',
      severity: 'error',
      from: {
        path: controlPlane,
        pathNot: [`${controlPlane}/(app|open-[^/]+)\\.ts$`, '-postgres\\.ts$', tests, '/test/'],
      },
      to: {
        path: `${controlPlane}/.*-(routes|postgres)\\.ts$`,
        pathNot: `${controlPlane}/database/embedded-postgres\\.ts$`,
      },
    },
    {
      name: 'stores-share-within-a-feature',
      comment: 'A PostgreSQL store may share SQL with those of its own folder, and knows no route.',
      severity: 'error',
      from: { path: `(${controlPlane}/.+)/[^/]+-postgres\\.ts$`, pathNot: '/test/' },
      to: { path: `${controlPlane}/.*-(routes|postgres)\\.ts$`, pathNot: '^$1/[^/]+-postgres\\.ts$' },
    },
    {
      name: 'login-knows-only-its-port',
      comment: 'login owns the port token-reviewer.ts; the tunnel implements it and app.ts joins them.',
      severity: 'error',
      from: { path: `${controlPlane}/login/`, pathNot: tests },
      to: {
        path: `${controlPlane}/[^/]+/`,
        pathNot: `${controlPlane}/(login|identities|kubernetes-auth|universal-auth|access-tokens|audit|http|database|keyring|observability)/`,
      },
    },
    {
      name: 'shared-folders-know-no-feature',
      comment: 'http, database, keyring and observability serve every feature and import none.',
      severity: 'error',
      from: { path: `${controlPlane}/(http|database|keyring|observability|replicas)/`, pathNot: tests },
      to: {
        path: `${controlPlane}/[^/]+/`,
        pathNot: `${controlPlane}/(http|database|keyring|observability|replicas)/`,
      },
    },
    {
      name: 'kubernetes-client-in-one-place',
      comment:
        'Only credential/ of the gateway talks to Kubernetes by the official client: a review, which each login pays for, is one plain POST.',
      severity: 'error',
      from: {
        path: '^(apps|packages)/',
        pathNot: ['^apps/gateway/src/credential/', tests],
      },
      to: { path: 'node_modules/@kubernetes/client-node' },
    },
    {
      name: 'sql-in-stores',
      comment: 'kysely and pg belong to database/ and *-postgres.ts: ask the store for what you need.',
      severity: 'error',
      from: { path: '^apps/', pathNot: [`${controlPlane}/database/`, '-postgres\\.ts$', tests] },
      to: { path: 'node_modules/(kysely|pg)/' },
    },
    {
      name: 'websockets-in-tunnel',
      comment: 'ws belongs to tunnel/ on both sides.',
      severity: 'error',
      from: { path: '^apps/', pathNot: ['^apps/[^/]+/src/tunnel/', tests] },
      to: { path: 'node_modules/ws/' },
    },
    {
      name: 'nats-in-replicas',
      comment: 'NATS belongs to replicas/: ask the ReplicaBus (replicas/replica-bus.ts).',
      severity: 'error',
      from: { path: '^apps/', pathNot: [`${controlPlane}/replicas/`] },
      to: { path: 'node_modules/@nats-io/' },
    },
    {
      name: 'no-undeclared-dependency',
      comment:
        "Declare the package in the package.json that imports it (vitest and fast-check are the root's).",
      severity: 'error',
      from: { path: '^(apps|packages)/', pathNot: [tests, '/test/'] },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|gen)/' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.js', '.d.ts'],
    },
  },
}
