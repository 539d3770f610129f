import { defineConfig } from 'vitest/config'

const notTests = ['**/node_modules/**', '**/dist/**']

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{apps,packages}/**/*.test.ts', '{scripts,test/bench,test/chaos}/**/*.test.ts'],
          exclude: [...notTests, '**/*.integration.test.ts'],
          setupFiles: ['test/seed-properties.ts'],
          // For a busy machine; a hang fails all the same.
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['{apps,packages}/**/*.integration.test.ts'],
          exclude: notTests,
          globalSetup: ['apps/control-plane/src/database/test/postgres-global-setup.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'kubernetes',
          include: ['test/{kubernetes,e2e}/**/*.test.ts'],
          exclude: notTests,
          globalSetup: ['apps/control-plane/src/database/test/postgres-global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'compatibility',
          include: ['test/compatibility/**/*.test.ts'],
          exclude: notTests,
          globalSetup: ['apps/control-plane/src/database/test/postgres-global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
