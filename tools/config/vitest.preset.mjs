import { defineConfig } from 'vitest/config'

/** Every package's tests: beside the source, in forked processes (native addons), resolving workspace packages to their source. */
export const preset = (overrides = {}) =>
  defineConfig({
    ssr: { resolve: { conditions: ['@skipwise/source', 'node', 'import', 'default'] } },
    resolve: { conditions: ['@skipwise/source', 'node', 'import', 'default'] },
    test: {
      include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
      pool: 'forks',
      maxWorkers: 1,
      testTimeout: 60_000,
      ...overrides
    }
  })
