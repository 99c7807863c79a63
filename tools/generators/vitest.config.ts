import { defineConfig } from 'vitest/config'

// not the preset: Nx's devkit is CommonJS, and the preset's condition `import` would hand it the ESM halves of its
// dependencies
export default defineConfig({
  test: { include: ['*.test.mjs'], reporters: ['default', 'json'], outputFile: { json: '.test-results/vitest.json' } }
})
