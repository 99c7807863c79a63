import { defineConfig } from 'vitest/config'

/**
 * Every package's tests: next to the source, in forked processes (native addons), resolving workspace packages to their
 * source. The counts are left in .test-results for `npm test`, which adds them up; Nx restores that folder with a
 * cached run.
 */
export const preset = (overrides = {}) =>
  defineConfig({
    ssr: { resolve: { conditions: ['@skipwise/source', 'node', 'import', 'default'] } },
    resolve: { conditions: ['@skipwise/source', 'node', 'import', 'default'] },
    test: {
      include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
      pool: 'forks',
      maxWorkers: 1,
      // one process for the files of a package: what they import, tfjs above all, is loaded once and not for each file
      isolate: false,
      testTimeout: 60_000,
      reporters: ['default', 'json'],
      outputFile: { json: '.test-results/vitest.json' },
      ...overrides
    }
  })
