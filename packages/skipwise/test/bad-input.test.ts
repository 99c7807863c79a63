import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { extendRecipe, Workspace, type Outcome } from './workspace.js'

const workspace = new Workspace()
beforeAll(async () => {
  expect(await workspace.run(['train', 'train.yaml'])).toMatchObject({ code: 0 })
})
afterAll(() => workspace.remove())

/** Runs a changed recipe, on a changed copy of the base model. */
async function extend(
  name: string,
  change: { recipe?: (text: string) => string; model?: (folder: string) => void; env?: Record<string, string> }
): Promise<Outcome & { left: string[] }> {
  const recipe = extendRecipe
    .replace('model: base', `model: ${name}`)
    .replace('output: out/long', `output: out-${name}/long`)
  cpSync(workspace.path('base'), workspace.path(name), { recursive: true })
  change.model?.(workspace.path(name))
  workspace.write(`${name}.yaml`, (change.recipe ?? (text => text))(recipe))
  const outcome = await workspace.run(['extend', `${name}.yaml`], change.env ? { env: change.env } : {})
  rmSync(workspace.path(name), { recursive: true })
  const left = existsSync(workspace.path(`out-${name}`))
    ? readdirSync(workspace.path(`out-${name}`), { recursive: true }).map(String)
    : []
  return { ...outcome, left }
}

const weightsFile = (folder: string) => join(folder, 'model.safetensors')
const header = (json: object, bytes = 64) => {
  const text = Buffer.from(JSON.stringify(json))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text, Buffer.alloc(bytes)])
}

describe('bad input is refused before anything is written', () => {
  test.each<[string, RegExp, 1 | 2, Parameters<typeof extend>[1]]>([
    ['missing-weights', /^CHECKPOINT_NOT_FOUND: /m, 1, { model: folder => rmSync(weightsFile(folder)) }],
    [
      'truncated-weights',
      /^CHECKPOINT_TRUNCATED: |^CHECKPOINT_HEADER_INVALID: /m,
      1,
      { model: folder => writeFileSync(weightsFile(folder), readFileSync(weightsFile(folder)).subarray(0, -100)) }
    ],
    [
      'lying-length',
      /^CHECKPOINT_(TRUNCATED|HEADER_INVALID): /m,
      1,
      { model: folder => writeFileSync(weightsFile(folder), Buffer.from('ffffffffffffff7f7b7d', 'hex')) }
    ],
    [
      'lying-offsets',
      /^CHECKPOINT_(TRUNCATED|HEADER_INVALID): /m,
      1,
      {
        model: folder =>
          writeFileSync(
            weightsFile(folder),
            header({ 'model.norm.weight': { dtype: 'F32', shape: [16], data_offsets: [0, 1e15] } })
          )
      }
    ],
    [
      'index-outside',
      /^CHECKPOINT_INDEX_UNSAFE: /m,
      1,
      {
        model: folder => {
          rmSync(weightsFile(folder))
          writeFileSync(
            join(folder, 'model.safetensors.index.json'),
            JSON.stringify({ metadata: {}, weight_map: { 'model.norm.weight': '../base/model.safetensors' } })
          )
        }
      }
    ],
    [
      'unknown-key',
      /^RECIPE_INVALID: unknown-key\.yaml:4:30: train: unknown key 'learninRate'; did you mean 'learningRate'\?/m,
      2,
      { recipe: text => text.replace('learningRate', 'learninRate') }
    ],
    [
      'unknown-option',
      /^RECIPE_INVALID: unknown-option\.yaml:\d+:26: interpolation\.yarn: interpolation 'yarn' has no option 'betaFst'; did you mean 'betaFast'\?/m,
      2,
      {
        recipe: text => `${text}interpolation: { yarn: { betaFst: 16 } }\n`
      }
    ],
    [
      'large-window',
      /^RECIPE_WINDOW: .*64 is larger than the model's window of 32/m,
      2,
      { recipe: text => text.replace('original: 32', 'original: 64') }
    ],
    ['short-documents', /^DATA_TOO_SHORT: /m, 1, { recipe: text => text.replace('[text.jsonl]', '[short.txt]') }],
    [
      'unknown-plugin',
      /^PLUGIN_UNKNOWN: unknown-plugin\.yaml:\d+:16: interpolation: no interpolation is called 'yarm'; did you mean 'yarn'\?/m,
      2,
      { recipe: text => `${text}interpolation: yarm\n` }
    ],
    ['evaluation-beyond', /^RECIPE_EVALUATION: .*256/m, 2, { recipe: text => text.replace('[32, 128]', '[32, 256]') }],
    [
      'large-tokenizer',
      /^RECIPE_TOKENIZER: /m,
      2,
      {
        model: folder => {
          const file = join(folder, 'tokenizer.json')
          const json = JSON.parse(readFileSync(file, 'utf8')) as { added_tokens: object[] }
          json.added_tokens.push({
            id: 256,
            content: '<more>',
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: false,
            special: true
          })
          writeFileSync(file, JSON.stringify(json))
        }
      }
    ],
    [
      'option-value',
      /^RECIPE_INVALID: option-value\.yaml:\d+:34: executor\.tensorflow\.dtype: expected 'float32' or 'bfloat16'.*, found 'bf16'/m,
      2,
      { recipe: text => `${text}executor: { tensorflow: { dtype: bf16 } }\n` }
    ],
    ['no-model', /^MODEL_NOT_FOUND: /m, 2, { recipe: text => text.replace('model: no-model', 'model: nowhere') }]
  ])('%s', async (name, message, code, change) => {
    workspace.write('short.txt', 'too short')
    const outcome = await extend(name, change)
    expect(outcome.stderr).toMatch(message)
    expect(outcome).toMatchObject({ code, stdout: '', left: [] })
  })

  test('several problems are reported together', async () => {
    const { code, stderr } = await extend('several', {
      recipe: text =>
        `${text.replace('original: 32', 'original: 64').replace('target: 128', 'target: 48')}positions: pos\n`
    })
    expect(code).toBe(2)
    for (const problem of [
      /64 is larger than the model's/,
      /48 is smaller than window.original 64/,
      /no position-transform is called 'pos'; did you mean 'pose'/
    ])
      expect(stderr).toMatch(problem)
  })

  test('five mistakes of five kinds are said in one round, each once and with its place', async () => {
    const { code, stderr, left } = await extend('five', {
      recipe: text =>
        `${text.replace('batch: 2', 'batch: two').replace('warmup: 2', 'warmpu: 2').replace('[text.jsonl]', '[text.jsonl, "no/*.jsonl"]').replace('target: 128', 'target: 16')}interpolation: { yarm: {} }\n`
    })
    const errors = stderr.trim().split('\n')
    expect(errors).toEqual([
      expect.stringMatching(/^RECIPE_WINDOW: five\.yaml:2:33: window\.target 16 is smaller than window\.original 32/),
      expect.stringMatching(/^DATA_NO_FILES: five\.yaml:3:29: no file matches 'no\/\*\.jsonl'/),
      expect.stringMatching(/^RECIPE_INVALID: five\.yaml:4:27: train\.batch: expected a number, found 'two'/),
      expect.stringMatching(/^RECIPE_INVALID: five\.yaml:4:52: train: unknown key 'warmpu'; did you mean 'warmup'\?/),
      expect.stringMatching(/^RECIPE_EVALUATION: five\.yaml:6:5: perplexity would be evaluated at 32, 128 tokens/),
      expect.stringMatching(/^PLUGIN_UNKNOWN: five\.yaml:8:18: interpolation\.yarm: no interpolation is called 'yarm'/)
    ])
    expect({ code, left }).toEqual({ code: 2, left: [] })
  })

  test('windows that are the wrong way round are said although the model is not there', async () => {
    const { stderr } = await extend('nobody', {
      recipe: text => text.replace('model: nobody', 'model: not-there').replace('target: 128', 'target: 16')
    })
    expect(stderr).toMatch(/^MODEL_NOT_FOUND: nobody\.yaml:1:8: /m)
    expect(stderr).toMatch(/^RECIPE_WINDOW: nobody\.yaml:2:33: window\.target 16 is smaller than window\.original 32/m)
  })

  test('what is no recipe, and owner/name without hub:', async () => {
    const lines = await workspace.run(['extend', 'held-out.jsonl'])
    expect(lines).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /^RECIPE_SYNTAX: held-out\.jsonl:2:1: this is not YAML, so it is not a recipe: pass a recipe, a \.yaml file\n$/
      )
    })
    const hub = await extend('hub-name', {
      recipe: text => text.replace('model: hub-name', 'model: meta-llama/Llama-3.2-1B')
    })
    expect(hub.stderr).toMatch(
      /^MODEL_NOT_FOUND: hub-name\.yaml:1:8: there is no folder .*: write hub:meta-llama\/Llama-3\.2-1B for a model of the/m
    )
    expect(await workspace.run(['generate', 'owner/name', 'a'])).toMatchObject({
      stderr: expect.stringContaining('hub:owner/name')
    })
    expect(await workspace.run(['extend', '.'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^RECIPE_NOT_FOUND: \. is a folder/)
    })
  })

  test('a missing recipe and a wrong command line are misuse', async () => {
    for (const args of [
      ['extend', 'nowhere.yaml'],
      ['extnd'],
      ['eval', 'passkey'],
      ['generate', 'base', 'a', '--top-k', 'x'],
      ['bench', 'train', '--model', '{']
    ]) {
      const { code, stdout, stderr } = await workspace.run(args)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toMatch(/^(CLI_USAGE|RECIPE_NOT_FOUND): .+: .+/m)
    }
  })
})

describe('what goes wrong while running', () => {
  test('a loss that is not finite stops training and keeps the last good state', async () => {
    const { code, stderr, left } = await extend('diverging', {
      recipe: text =>
        text
          .replace('learningRate: 1e-3', 'learningRate: 1e30')
          .replace('warmup: 2, checkpointEvery: 3', 'warmup: 0, checkpointEvery: 1')
    })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^TRAINING_DIVERGED: /m)
    expect(left).toContain(join('long.training', 'state.safetensors'))
    expect(left).not.toContain('long')
  })

  test('an output folder that cannot be made is said before any work', async () => {
    for (const output of ['text.jsonl/long', 'text.jsonl/deeper/long']) {
      const { code, stderr } = await extend('no-folder', {
        recipe: text => text.replace(/output: .*/, `output: ${output}`)
      })
      expect({ code, stderr }).toEqual({
        code: expect.any(Number) as number,
        stderr: expect.stringMatching(/^(OUTPUT_EXISTS|OUTPUT_WRITE_FAILED|DATA_CACHE_WRITE_FAILED): /m)
      })
      expect(stderr).not.toContain('INTERNAL')
    }
    expect(readFileSync(workspace.path('text.jsonl'), 'utf8')).toContain('is even?')
  })

  test('an output on a file system of the kernel, or a link, is said before any work', async () => {
    symlinkSync(workspace.path('tokenizer'), workspace.path('link'))
    for (const [output, message] of [
      ['/proc/foo', /^OUTPUT_WRITE_FAILED: .*\/proc\/foo cannot be created: \/proc belongs to the system/m],
      ['/sys/a/b', /^OUTPUT_WRITE_FAILED: /m],
      ['link', /^OUTPUT_EXISTS: .*link is a link/m]
    ] as const) {
      const { stderr, left } = await extend('no-place', {
        recipe: text => text.replace(/output: .*/, `output: ${output}`)
      })
      expect(stderr).toMatch(message)
      expect(stderr).not.toContain('Trained')
      expect(left).toEqual([])
      expect(existsSync(workspace.path('link.training'))).toBe(false)
    }
    expect(await workspace.run(['report', 'base', '--out', '/proc/foo/bar'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^OUTPUT_WRITE_FAILED: /m)
    })
  })

  test('a process that may open few files is told so', async () => {
    const cli = join(import.meta.dirname, '..', 'dist', 'cli.js')
    // which module it fails at differs from run to run
    for (const files of [28, 30, 32, 36, 40]) {
      const { stderr } = spawnSync(
        'bash',
        ['-c', `ulimit -n ${files}; exec '${process.execPath}' '${cli}' extend extend.yaml`],
        { cwd: workspace.folder, encoding: 'utf8' }
      )
      expect(stderr).toMatch(/^CLI_SYSTEM: .*too many open files \(EMFILE\): raise the limit/m)
    }
  })

  test('a folder that becomes read-only: nothing half-written, and the run goes on when it may be written', async () => {
    const name = 'read-only'
    const env = {
      SKIPWISE_TEST_DISK: '100000',
      SKIPWISE_TEST_DISK_ERROR: 'EROFS',
      NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, 'full-disk.mjs')).href}`
    }
    const { code, stderr, left } = await extend(name, { env })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^(CHECKPOINT_WRITE_FAILED|TRAINING_METRICS|OUTPUT_WRITE_FAILED): .*EROFS/m)
    expect(left).not.toContain('long')
    expect(left.filter(file => file.endsWith('.tmp'))).toEqual([])
    cpSync(workspace.path('base'), workspace.path(name), { recursive: true })
    expect(await workspace.run(['extend', `${name}.yaml`])).toMatchObject({ code: 0 })
    expect(readdirSync(workspace.path(`out-${name}`))).toEqual(['long'])
  })

  test('a full disk: nothing half-written, and the run goes on when there is space', async () => {
    const name = 'full-disk'
    const env = {
      SKIPWISE_TEST_DISK: '100000',
      NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, 'full-disk.mjs')).href}`
    }
    const { code, stderr, left } = await extend(name, { env })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^DISK_FULL: /m)
    expect(left).not.toContain('long')
    expect(left.filter(file => file.endsWith('.tmp'))).toEqual([])
    cpSync(workspace.path('base'), workspace.path(name), { recursive: true })
    expect(await workspace.run(['extend', `${name}.yaml`])).toMatchObject({ code: 0 })
    expect(readdirSync(workspace.path(`out-${name}`))).toEqual(['long'])
  })
})
