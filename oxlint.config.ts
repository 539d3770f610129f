import { defineConfig } from 'oxlint'

const onlyConfig =
  'Only config.ts of an app reads the environment, so that every setting is checked at start: ask for the value as an argument.'

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'import', 'promise', 'node', 'vitest', 'oxc'],
  options: { typeAware: true },
  categories: { correctness: 'error', suspicious: 'error', perf: 'error' },
  ignorePatterns: ['**/dist/**', '**/gen/**', '**/node_modules/**'],
  rules: {
    'typescript/no-explicit-any': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/consistent-type-imports': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/return-await': ['error', 'in-try-catch'],
    'eslint/eqeqeq': 'error',
    'eslint/no-empty': 'error',
    'eslint/no-var': 'error',
    'eslint/prefer-const': 'error',
    'import/no-default-export': 'error',
    'import/no-cycle': 'error',
    'unicorn/prefer-node-protocol': 'error',
    'unicorn/filename-case': ['error', { case: 'kebabCase' }],
    'eslint/no-restricted-properties': ['error', { object: 'process', property: 'env', message: onlyConfig }],
    'eslint/no-restricted-imports': [
      'error',
      { paths: [{ name: 'node:process', message: `Use the global. ${onlyConfig}` }] },
    ],
    // Sequential awaits are meant where they stand: retries, ordered shutdown, polling.
    'eslint/no-await-in-loop': 'off',
    'eslint/no-shadow': 'off',
    'import/no-unassigned-import': 'off',
    // Express needs the rule; fastify awaits its handlers.
    'oxc/no-async-endpoint-handlers': 'off',
    'import/no-named-as-default-member': 'off',
    'unicorn/no-array-sort': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'unicorn/require-module-specifiers': 'off',
    'vitest/require-mock-type-parameters': 'off',
    'vitest/no-conditional-tests': 'off',
  },
  overrides: [
    {
      // Where JSON of our own servers is read by tests and scripts; production code narrows what it did not make.
      files: [
        'test/**',
        'scripts/**',
        'demo/**',
        'packages/testing/**',
        '**/*.test.ts',
        '**/*.conformance.ts',
        '**/test/**',
      ],
      rules: { 'typescript/no-unsafe-type-assertion': 'off', 'eslint/no-restricted-properties': 'off' },
    },
    { files: ['apps/*/src/config.ts'], rules: { 'eslint/no-restricted-properties': 'off' } },
    { files: ['*.config.ts'], rules: { 'import/no-default-export': 'off' } },
    {
      files: ['apps/control-plane/src/**', 'apps/gateway/src/**'],
      rules: { 'eslint/no-console': 'error' },
    },
  ],
})
