import nx from '@nx/eslint-plugin'
import tseslint from 'typescript-eslint'

/** Which layers a layer may import: foundation ← kernel ← { plugin, backend, engine } ← entry. */
const layers = {
  foundation: ['foundation'],
  kernel: ['foundation', 'kernel'],
  plugin: ['foundation', 'kernel', 'plugin'],
  backend: ['foundation', 'kernel', 'backend'],
  engine: ['foundation', 'kernel', 'engine'],
  entry: ['foundation', 'kernel', 'plugin', 'backend', 'engine', 'asset', 'entry'],
  asset: ['foundation', 'kernel', 'asset'],
  testing: ['foundation', 'kernel', 'testing']
}

/** @param {Readonly<Record<string, readonly string[]>>} allowed layer → layers that it may import */
const boundaries = allowed => [
  'error',
  {
    allow: ['@skipwise/config/**'],
    depConstraints: Object.entries(allowed).map(([layer, others]) => ({
      sourceTag: `layer:${layer}`,
      onlyDependOnLibsWithTags: others.map(name => `layer:${name}`)
    }))
  }
]

/**
 * A test is wiring, as the command line is: it may put together any layer but the entry. What is not in the dependencies or
 * devDependencies of its package does not resolve, and Nx refuses circles, so each such import is declared (docs/adr/0002-layers.md).
 */
const belowEntry = Object.keys(layers).filter(layer => layer !== 'entry')
const testLayers = Object.fromEntries(Object.entries(layers).map(([layer, own]) => [layer, [...new Set([...own, ...belowEntry])]]))

export default tseslint.config(
  { ignores: ['**/dist/**', '**/.test-results/**', '**/*.d.ts'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@nx/enforce-module-boundaries': boundaries(layers),
      // typed rules that find real bugs in asynchronous and exhaustive code; the rest of the typed sets costs more than it finds
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      // tsc reports these
      '@typescript-eslint/no-unused-vars': 'off',
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error'
    }
  },
  { files: ['**/*.test.ts', '**/test/**/*.ts'], plugins: { '@nx': nx }, rules: { '@nx/enforce-module-boundaries': boundaries(testLayers) } }
)
