// Random commands over random recipes and folders, a pure function of their number.
import { randomStream, type RandomStream } from '@skipwise/core'
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A command, and what it may write. */
export interface FuzzCase {
  readonly args: readonly string[]
  readonly outputs: readonly string[]
}

const LONG = 'k'.repeat(100_000)

/** Values that nobody should write, and some that are right. */
const VALUES: readonly unknown[] = [
  0,
  1,
  2,
  -1,
  0.5,
  3,
  1e9,
  1e15,
  1e308,
  -1e308,
  NaN,
  Infinity,
  null,
  true,
  false,
  '',
  ' ',
  'a',
  'none',
  LONG,
  '\u0000',
  '\u001b]0;title\u0007',
  '../..',
  '/',
  '.',
  '..',
  'base',
  'text.jsonl',
  'tokenizer',
  '/proc/foo',
  '/dev/null',
  '/dev/full',
  '/dev/zero',
  'hub:',
  'hub:a/b@../..',
  'owner/name',
  [],
  [[]],
  {},
  { a: { b: [1] } },
  [1, 'a', null],
  [''],
  ['text.jsonl'],
  ['**/*'],
  ['/proc/*'],
  { '': 1 },
  { [LONG]: 1 },
  { __proto__: 1 },
  { constructor: 1 },
  'yarn',
  'pose',
  'auto',
  { linear: {} },
  { yarn: { betaFast: -1 } },
  { pose: { chunks: 1e9 } },
  { seco: { chunk: 0 } },
  { rank: 1e9, targets: 'all-linear' },
  { rank: 2, targets: ['q_proj'] },
  '5GB',
  '1e999GB',
  [32, 64],
  [1e9],
  [0]
]

const pick = <Item>(random: RandomStream, items: readonly Item[]): Item => items[random.integer(0, items.length - 1)]

const RECIPE = {
  model: 'base',
  window: { original: 32, target: 64 },
  interpolation: 'yarn',
  positions: 'pose',
  data: { files: ['text.jsonl'] },
  train: { steps: 1, batch: 1, learningRate: 1e-3, warmup: 0 },
  evaluate: [{ perplexity: { data: 'held-out.jsonl', windows: [32], documents: 1 } }],
  executor: 'onnx',
  output: 'out/long',
  seed: 0
}
const KEYS = [
  'model',
  'window',
  'window.original',
  'window.target',
  'interpolation',
  'positions',
  'data',
  'data.files',
  'data.minTokens',
  'data.pack',
  'data.textKey',
  'data.format',
  'data.sources',
  'train',
  'train.steps',
  'train.batch',
  'train.microBatch',
  'train.strategy',
  'train.memoryLimit',
  'train.learningRate',
  'train.warmup',
  'train.beta1',
  'train.checkpointEvery',
  'train.freeze',
  'train.lora',
  'train.ema',
  'train.guard',
  'train.validate',
  'evaluate',
  'executor',
  'dtype',
  'maxShardSize',
  'output',
  'seed',
  'unknown',
  'train.unknown',
  LONG
]

function set(value: object, path: string, to: unknown): object {
  const [key, ...rest] = path.split('.')
  const inner: unknown = Reflect.get(value, key)
  return {
    ...value,
    [key]: rest.length === 0 ? to : set(typeof inner === 'object' && inner !== null ? inner : {}, rest.join('.'), to)
  }
}

/** JSON is YAML; numbers that JSON has not are written as YAML has them. */
const yamlOf = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) => (typeof item === 'number' && !Number.isFinite(item) ? `@${item}` : item))
    .replaceAll('"@NaN"', '.nan')
    .replaceAll('"@Infinity"', '.inf')
    .replaceAll('"@-Infinity"', '-.inf')

function bytesChanged(random: RandomStream, bytes: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(bytes)
  for (let i = random.integer(1, 4); i > 0 && changed.length > 0; i--)
    changed[random.integer(0, changed.length - 1)] = random.integer(0, 255)
  return random.integer(0, 3) === 0 ? changed.subarray(0, random.integer(0, changed.length)) : changed
}

function writeRecipe(random: RandomStream, file: string): void {
  let recipe: object = RECIPE
  for (let i = random.integer(0, 3); i > 0; i--) recipe = set(recipe, pick(random, KEYS), pick(random, VALUES))
  const text = yamlOf(recipe)
  writeFileSync(file, random.integer(0, 9) === 0 ? bytesChanged(random, Buffer.from(text)) : text)
}

/** The output that the recipe names, as far as it can be read. */
const outputOfRecipe = (folder: string): string =>
  /"output":"([^"]+)"/.exec(readIf(join(folder, 'recipe.yaml')).toString())?.[1] ?? 'out'

const MODEL_FILES = ['config.json', 'tokenizer.json', 'model.safetensors', 'skipwise.json', 'generation_config.json']

/** Spoils a file of the model: other bytes, another value in its JSON, a folder or a link in its place. */
function spoil(random: RandomStream, folder: string): void {
  const file = join(folder, pick(random, MODEL_FILES))
  const way = random.integer(0, 5)
  if (way <= 1) {
    const bytes = Buffer.from(readIf(file))
    rmSync(file, { force: true })
    writeFileSync(file, bytesChanged(random, bytes))
  } else if (way === 2 && file.endsWith('.json') && !file.endsWith('tokenizer.json')) {
    const json: unknown = JSON.parse(readIf(file) || '{}')
    const keys = typeof json === 'object' && json !== null ? Object.keys(json) : []
    if (typeof json === 'object' && json !== null && keys.length > 0)
      writeFileSync(file, JSON.stringify(set(json, pick(random, keys), pick(random, VALUES))))
  } else if (way === 3) {
    rmSync(file, { force: true })
    mkdirSync(file)
  } else if (way === 4) {
    rmSync(file, { force: true })
    symlinkSync(pick(random, [file, '/dev/zero', '/etc/passwd', 'config.json', 'nowhere']), file)
  } else if (way === 5)
    writeFileSync(
      file,
      pick(random, ['', '{}', '[]', 'null', '{"a":', '1', `${'['.repeat(5000)}${']'.repeat(5000)}`, `{"${LONG}": 1}`])
    )
}

function readIf(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

const json = (random: RandomStream): string =>
  pick(random, [
    '{}',
    '[]',
    'null',
    '3',
    '{',
    '',
    '{"lengths": [300]}',
    '{"lengths": []}',
    '{"lengths": [-1]}',
    '{"lengths": "a"}',
    `{"${LONG}": 1}`,
    '{"data": "held-out.jsonl", "windows": [32], "documents": 1}',
    '{"data": "nowhere", "windows": [32]}',
    '{"data": "/dev/zero", "windows": [32]}',
    '{"data": ".", "windows": [1000000000]}',
    '{"data": "base/model.safetensors", "windows": [32]}'
  ])

/** One command; `folder` is a copy of the workspace, which it may spoil. */
export function fuzzCase(seed: number, index: number, folder: string): FuzzCase {
  const random = randomStream({ seed, stream: 'fuzz verbs', index })
  if (random.integer(0, 2) === 0) spoil(random, join(folder, 'base'))
  const path = () =>
    pick(random, [
      'base',
      'tokenizer',
      'nowhere',
      '.',
      '',
      'text.jsonl',
      'base/config.json',
      '/dev/null',
      'hub:x',
      'owner/name',
      'result.json',
      'base/skipwise.json',
      'charts.json',
      LONG.slice(0, 5000),
      '\u001b[2J'
    ])
  const extra =
    random.integer(0, 9) === 0 ? [pick(random, ['--nothing', '--json', '--verbose', '-x', '--', 'more', '--help'])] : []
  const output = pick(random, [
    'made',
    'made/deeper',
    'base',
    'text.jsonl',
    'text.jsonl/in',
    '/proc/foo',
    '/dev/full',
    '.',
    ''
  ])
  const run = path()
  const verbs: readonly (() => string[])[] = [
    () => {
      writeRecipe(random, join(folder, 'recipe.yaml'))
      return [
        pick(random, ['extend', 'train', 'extend']),
        'recipe.yaml',
        ...(random.integer(0, 5) === 0 ? ['--plan'] : [])
      ]
    },
    () => ['extend', path()],
    () => [
      'eval',
      pick(random, ['passkey', 'perplexity', 'ruler', 'nothing', 'suites.yaml', 'text.jsonl', '']),
      '--model',
      path(),
      '--config',
      json(random),
      ...(random.integer(0, 2) === 0 ? ['--output', output] : [])
    ],
    () => ['eval', '--compare', path(), path()],
    () => ['eval', 'perplexity', '--checkpoints', run, '--config', json(random)],
    () => ['report', path(), path(), '--out', output],
    () => [
      'generate',
      path(),
      pick(random, ['', 'a', '\u0000', '1 is', LONG.slice(0, 20_000)]),
      '--max-new-tokens',
      pick(random, ['0', '1', '4', '1e9', '-1', 'x']),
      ...(random.integer(0, 3) === 0 ? ['--temperature', pick(random, ['0', '-1', '1', 'nan'])] : []),
      ...(random.integer(0, 3) === 0 ? ['--chat'] : [])
    ],
    () => [
      'coverage',
      '--original',
      pick(random, ['0', '1', '32', '64']),
      '--target',
      pick(random, ['0', '1', '64', '128']),
      '--transform',
      pick(random, ['pose', 'randpos', 'nothing', '{', '{"pose": {"chunks": 3}}', '{"pose": 1}', '{}', '[]', 'null']),
      '--examples',
      pick(random, ['0', '5', '10'])
    ],
    () => ['verify', path()],
    () => [
      'doctor',
      path(),
      ...(random.integer(0, 1) === 0 ? ['--for', pick(random, ['vllm', 'llama.cpp', 'x'])] : [])
    ],
    () => [
      'convert',
      path(),
      '--to',
      pick(random, ['transformers', 'litgpt', 'x']),
      '--target',
      pick(random, ['0', '64', '1e15', 'x']),
      ...(random.integer(0, 1) === 0 ? ['--output', output] : [])
    ],
    () => [
      'bench',
      pick(random, ['train', 'nothing']),
      '--model',
      pick(random, ['{}{', '[]', 'null', '{"d": 0}', '{"d": 1e9}', '{"T": "a"}']),
      '--steps',
      pick(random, ['1', '0', 'x'])
    ],
    () => [pick(random, ['', 'extnd', '--version', LONG.slice(0, 3000)])]
  ]
  return {
    args: [...pick(random, [...verbs.slice(0, 1), ...verbs])(), ...extra],
    outputs: ['out', output, `${output}.journal`, 'made', `${run}/evaluations`, outputOfRecipe(folder)]
  }
}

/** What a fresh folder of a case is copied from. */
export const copyWorkspace = (from: string, to: string): void =>
  cpSync(from, to, { recursive: true, verbatimSymlinks: true })
