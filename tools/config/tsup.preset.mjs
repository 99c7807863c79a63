import { defineConfig } from 'tsup'

/**
 * The one build preset: ESM, types, source maps. Replacing tsup is a change of this file.
 * @param {Partial<import('tsup').Options>} [overrides]
 */
export const preset = (overrides = {}) =>
  defineConfig({
    entry: ['src/index.ts'],
    format: ['esm'],
    target: 'node20',
    platform: 'node',
    clean: true,
    sourcemap: true,
    treeshake: true,
    // declarations take two thirds of the build and are only needed to publish: the set-up of a clone leaves them out;
    // tsup 8 sets baseUrl itself, which TypeScript 6 calls deprecated; declarations are built from dist of the
    // dependencies
    dts:
      process.env.SKIPWISE_BUILD === 'run'
        ? false
        : { compilerOptions: { ignoreDeprecations: '6.0', customConditions: [] } },
    ...overrides
  })
