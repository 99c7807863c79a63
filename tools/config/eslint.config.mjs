import nx from '@nx/eslint-plugin'
import { fileURLToPath } from 'node:url'
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
  testing: ['foundation', 'kernel', 'testing'],
  composition: ['foundation', 'kernel', 'plugin', 'backend', 'engine', 'asset', 'testing', 'composition']
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
 * Types for the typed rules: of the package that is linted, or, where `npm test` lints all of them, of one program of
 * the whole workspace. One program for each package would check most files again for each that imports them.
 */
const parserOptions =
  process.env.SKIPWISE_LINT === 'workspace'
    ? { project: fileURLToPath(new URL('tsconfig.workspace.json', import.meta.url)) }
    : { projectService: true }

/**
 * A test may use `@skipwise/testing`, which has the parts of a small model, besides what its package may import. Tests
 * of real plugins, backends and engines together lie in tools/composition (docs/adr/0002-layers.md).
 */
const testLayers = Object.fromEntries(
  Object.entries(layers).map(([layer, own]) => [layer, [...new Set([...own, 'testing'])]])
)

const guarded =
  'read it by readFolderFile or readNamedFile of @skipwise/checkpoints: they refuse pipes, devices, links out of a folder, and sizes'

/**
 * Files come from strangers: readers of whole files go through the guarded reader. Those named read what this process
 * or the system writes (state, cache, /proc), or stream documents.
 */
const guardedReads = {
  files: ['**/src/**/*.ts'],
  ignores: [
    '**/*.test.ts',
    '**/src/conformance/**',
    '**/src/golden.ts',
    '**/src/run.ts',
    '**/src/stored-output.ts',
    '**/src/lock.ts',
    '**/src/processor.ts',
    '**/src/metrics/metrics-log.ts',
    '**/src/system-error.ts'
  ],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        paths: ['node:fs', 'node:fs/promises'].map(name => ({
          name,
          importNames: ['readFile', 'readFileSync'],
          message: guarded
        }))
      }
    ]
  }
}

/**
 * What is not ours stays: files are removed by one module, which removes what Skipwise wrote. The two others named
 * remove a temporary folder that the same function made.
 */
const oneRemover = {
  files: ['**/src/**/*.ts'],
  ignores: ['**/*.test.ts', '**/src/removal.ts', '**/src/session.ts', '**/src/conformance/tokenizer.ts'],
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        paths: ['node:fs', 'node:fs/promises', 'fs', 'fs/promises'].map(name => ({
          name,
          importNames: ['rm', 'rmdir', 'unlink', 'rmSync', 'rmdirSync', 'unlinkSync', 'promises', 'default'],
          message: 'remove by removal.ts of @skipwise/checkpoints: it leaves what is not ours'
        }))
      }
    ]
  }
}

/** The network is asked from one place: it sends the token to one origin alone, and ends what drips. */
const oneDoor = {
  files: ['**/src/**/*.ts'],
  ignores: ['**/*.test.ts', '**/src/guarded-fetch.ts'],
  rules: {
    'no-restricted-globals': ['error', { name: 'fetch', message: 'ask the network by guardedFetch of @skipwise/hub' }]
  }
}

/** What prettier leaves open: one declaration a statement, and comments as wide as code. Long texts stay whole. */
const shape = {
  files: ['**/*.ts', '**/*.mjs'],
  rules: {
    'one-var': ['error', { initialized: 'never' }],
    'max-len': [
      'error',
      { code: 120, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true, ignoreUrls: true }
    ]
  }
}

const spread = 'ObjectExpression > SpreadElement >'
const absence = [
  `${spread} LogicalExpression[operator="&&"] > BinaryExpression.left[right.type="Identifier"][right.name="undefined"]`,
  `${spread} LogicalExpression[operator="&&"] > LogicalExpression.left > BinaryExpression[right.type="Identifier"][right.name="undefined"]`,
  `${spread} ConditionalExpression[consequent.properties.length=0] > BinaryExpression.test[right.type="Identifier"][right.name="undefined"]`,
  `${spread} ConditionalExpression[alternate.properties.length=0] > BinaryExpression.test[right.type="Identifier"][right.name="undefined"]`
]

/** Options may be undefined; keys of what is stored are left out in one way. */
const oneAbsence = {
  files: ['**/*.ts'],
  rules: {
    'no-restricted-syntax': [
      'error',
      ...absence.map(selector => ({
        selector,
        message: 'pass the key as undefined where options are taken; for what is stored use withoutUndefined of core'
      }))
    ]
  }
}

export default tseslint.config(
  { ignores: ['**/dist/**', '**/.test-results/**', '**/*.d.ts'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions },
    rules: {
      '@nx/enforce-module-boundaries': boundaries(layers),
      // typed rules that find real bugs in asynchronous and exhaustive code; the rest of the typed sets costs more than
      // it finds
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
  {
    files: ['**/*.test.ts', '**/test/**/*.ts'],
    plugins: { '@nx': nx },
    rules: { '@nx/enforce-module-boundaries': boundaries(testLayers) }
  },
  shape,
  guardedReads,
  oneRemover,
  oneDoor,
  oneAbsence,
  // the scripts of tiny-llama are files that it ships, no exports: their tests name the files
  { files: ['**/tiny-llama-*.test.ts'], rules: { '@nx/enforce-module-boundaries': 'off' } }
)
