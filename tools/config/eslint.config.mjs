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

/** @param {readonly string[]} extra layers that this kind of file may import besides */
const boundaries = extra => [
  'error',
  {
    allow: ['@skipwise/config/**'],
    depConstraints: Object.entries(layers).map(([layer, allowed]) => ({
      sourceTag: `layer:${layer}`,
      onlyDependOnLibsWithTags: [...allowed, ...extra].map(name => `layer:${name}`)
    }))
  }
]

export default tseslint.config(
  { ignores: ['**/dist/**', '**/.test-results/**', '**/*.d.ts'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@nx/enforce-module-boundaries': boundaries([]),
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
  { files: ['**/*.test.ts', '**/test/**/*.ts'], plugins: { '@nx': nx }, rules: { '@nx/enforce-module-boundaries': boundaries(['testing']) } }
)
