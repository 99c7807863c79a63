// The key of a run says what decides its weights: a run goes on from a state of its own key alone. Every key of the
// recipe schema is in one of the two lists below, so that a new one must be put into one of them.
import { writeCheckpoint, writeModelConfig } from '@skipwise/checkpoints'
import {
  findArchitecture,
  openRecipe,
  parseSetting,
  recipeJsonSchema,
  resolveRecipe,
  type ExperimentKind
} from '@skipwise/experiment'
import { readHuggingFaceRope } from '@skipwise/interpolation'
import { cpSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { defaultRegistry } from '../src/index.js'
import { Workspace } from './workspace.js'

const workspace = new Workspace()
afterAll(() => workspace.remove())

const config = {
  model_type: 'llama',
  vocab_size: 256,
  hidden_size: 16,
  intermediate_size: 32,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  max_position_embeddings: 32,
  rope_theta: 10000
}

/** A model folder whose weights are fractions, the same on every machine. */
async function writeModel(name: string, shift: number): Promise<void> {
  const { parameters } = findArchitecture(defaultRegistry, config).define(config)
  cpSync(workspace.path('tokenizer'), workspace.path(name), { recursive: true })
  await writeModelConfig(workspace.path(name), config)
  await writeCheckpoint(
    workspace.path(name),
    parameters.map(({ name, shape }) => {
      const size = shape.reduce((a, b) => a * b, 1)
      return { name, shape, data: Float32Array.from({ length: size }, (_, i) => (((i * 37 + shift) % 101) - 50) / 128) }
    }),
    { dtype: 'float32' }
  )
}

beforeAll(async () => {
  await writeModel('base', 0)
  await writeModel('other', 1)
  const records = [40, 50, 60, 200].map(length => {
    const text = 'abcdefghij'.repeat(length / 10)
    return JSON.stringify({ text, body: text.toUpperCase(), prompt: text, completion: text })
  })
  workspace.write('records.jsonl', records.join('\n'))
  workspace.write('more.jsonl', records.slice(2).join('\n'))
})

type Recipe = Record<string, unknown>

const train = { steps: 4, batch: 2, learningRate: 1e-3, warmup: 1 }
const common = { window: { original: 32 }, data: { files: ['records.jsonl'] }, train, output: 'out', seed: 3 }
const newModel = { architecture: 'llama', config, tokenizer: 'tokenizer' }
const recipes: Record<ExperimentKind, Recipe> = {
  train: { model: newModel, ...common },
  extend: { model: 'base', ...common, window: { original: 32, target: 96 } }
}

const validate = {
  every: 2,
  suite: { perplexity: { data: 'held-out.jsonl', windows: [32], documents: 1 } },
  metric: 'perplexity@32'
}
const lora = { rank: 2, targets: ['q_proj'] }
const spaco = { chunk: 16, chunks: 1 }
const sources = [{ files: ['records.jsonl'] }, { files: ['more.jsonl'] }]

/** A recipe with some values, by their keys with dots between them. */
function withValues(recipe: Recipe, values: Readonly<Record<string, unknown>>): Recipe {
  const made = structuredClone(recipe)
  for (const [key, value] of Object.entries(values)) {
    const path = key.split('.')
    const last = path.pop() ?? ''
    let at = made
    for (const part of path) at = (at[part] ??= {}) as Recipe
    at[last] = value
  }
  return made
}

const known = new Map<string, Promise<string>>()
function runKey(kind: ExperimentKind, recipe: Recipe): Promise<string> {
  const text = JSON.stringify(recipe)
  const found = known.get(kind + text) ?? resolveKey(kind, text)
  known.set(kind + text, found)
  return found
}

async function resolveKey(kind: ExperimentKind, text: string, settings: readonly string[] = []): Promise<string> {
  const document = openRecipe(text, 'recipe.yaml', defaultRegistry, settings.map(parseSetting))
  const experiment = await resolveRecipe(document.recipe, {
    kind,
    document,
    baseFolder: workspace.folder,
    registry: defaultRegistry,
    readRope: readHuggingFaceRope
  })
  await experiment.state.release()
  return experiment.runKey
}

/** What a key is changed to, what other keys are meanwhile, and in the recipe of which command; default `train`. */
interface Change {
  readonly from?: unknown
  readonly to: unknown
  readonly given?: Readonly<Record<string, unknown>>
  readonly kind?: ExperimentKind
}

const oneSource = (source: object) => ({ data: { sources: [{ ...sources[0], ...source }, sources[1]] } })

/** A configuration that two architectures read. */
const eitherConfig = {
  ...config,
  model_type: undefined,
  n_embd: 16,
  n_layer: 1,
  n_head: 2,
  n_positions: 32,
  rotary_dim: 4
}

/** Keys whose change makes another run. */
const deciding: Record<string, Change> = {
  model: { kind: 'extend', to: 'other' },
  'model.architecture': { given: { 'model.config': eitherConfig }, to: 'gptj' },
  'model.config': { to: { ...config, rope_theta: 20000 } },
  'model.initialize': { to: { seed: 5 } },
  'model.initialize.seed': { to: 5 },
  'model.initialize.standardDeviation': { to: 0.5 },
  window: { kind: 'extend', to: { original: 32, target: 64 } },
  'window.original': { to: 16 },
  'window.target': { kind: 'extend', to: 64 },
  interpolation: { kind: 'extend', to: 'linear' },
  positions: { kind: 'extend', to: { pose: { chunks: 3 } } },
  data: { to: { files: ['more.jsonl'] } },
  'data.files': { to: ['more.jsonl'] },
  'data.minTokens': { to: 55 },
  'data.pack': { to: true },
  'data.textKey': { to: 'body' },
  'data.format': { to: 'prompt-completion' },
  'data.sources': { given: { data: {} }, from: sources.slice(0, 1), to: sources },
  'data.sources.files': { given: oneSource({}), to: oneSource({ files: ['text.jsonl'] }) },
  'data.sources.minTokens': { given: oneSource({}), to: oneSource({ minTokens: 55 }) },
  'data.sources.pack': { given: oneSource({}), to: oneSource({ pack: true }) },
  'data.sources.textKey': { given: oneSource({}), to: oneSource({ textKey: 'body' }) },
  'data.sources.format': { given: oneSource({}), to: oneSource({ format: 'prompt-completion' }) },
  'data.sources.weight': { given: oneSource({}), to: oneSource({ weight: 2 }) },
  train: { to: { ...train, steps: 5 } },
  'train.steps': { to: 5 },
  'train.batch': { to: 4 },
  'train.microBatch': { to: 1 },
  'train.strategy.spaco': { from: undefined, to: spaco },
  'train.strategy.spaco.chunk': { given: { 'train.strategy': { spaco } }, to: 8 },
  'train.strategy.spaco.chunks': { given: { 'train.strategy': { spaco } }, to: 2 },
  'train.strategy.spaco.maxCompensation': { given: { 'train.strategy': { spaco } }, to: 2 },
  'train.learningRate': { to: 2e-3 },
  'train.finalLearningRate': { to: 0.1 },
  'train.schedule': { to: 'cosine' },
  'train.warmup': { to: 2 },
  'train.weightDecay': { to: 0.1 },
  'train.beta1': { to: 0.8 },
  'train.beta2': { to: 0.95 },
  'train.epsilon': { to: 1e-6 },
  'train.maxGradientNorm': { to: 2 },
  'train.seed': { to: 4 },
  'train.freeze': { to: ['model.embed_tokens.*'] },
  'train.base': { given: { 'train.lora': lora }, to: 'int8' },
  'train.lora': { to: lora },
  'train.lora.rank': { given: { 'train.lora': lora }, to: 4 },
  'train.lora.alpha': { given: { 'train.lora': lora }, to: 8 },
  'train.lora.rankStabilized': { given: { 'train.lora': lora }, to: true },
  'train.lora.targets': { given: { 'train.lora': lora }, to: ['v_proj'] },
  'train.lora.alsoTrain': { given: { 'train.lora': lora }, to: ['norm'] },
  'train.ema': { to: { decay: 0.9 } },
  'train.ema.decay': { from: 0.9, to: 0.99 },
  'train.validate': { to: validate },
  'train.validate.every': { given: { 'train.validate': validate }, to: 1 },
  'train.validate.suite': { given: { 'train.validate': validate }, to: { passkey: { lengths: [32] } } },
  'train.validate.metric': { given: { 'train.validate': validate }, to: 'bits-per-byte@32' },
  'train.validate.better': { given: { 'train.validate': validate }, to: 'lower' },
  'train.validate.keep': { given: { 'train.validate': validate }, to: 'last' },
  executor: { to: { onnx: { threads: 1 } } },
  dtype: { to: 'bfloat16' },
  seed: { to: 4 }
}

const guard = { loss: 2 }

/** Keys that a run may be gone on with under another value. */
const harmless: Record<string, Change> = {
  'model.tokenizer': { to: './tokenizer' },
  'train.strategy': { from: 'whole', to: 'blockwise' },
  'train.strategy.seco': { given: { 'train.strategy': 'whole' }, from: undefined, to: {} },
  'train.strategy.seco.chunk': { from: 8, to: 16 },
  'train.memoryLimit': { to: 1000 },
  'train.checkpointEvery': { to: 1 },
  'train.guard': { to: guard },
  'train.guard.loss': { given: { 'train.guard': guard }, to: 3 },
  'train.guard.gradientNorm': { given: { 'train.guard': guard }, to: 3 },
  'train.guard.steps': { given: { 'train.guard': guard }, to: 5 },
  'train.guard.action': { given: { 'train.guard': guard }, to: 'skip' },
  'train.guard.patience': { given: { 'train.guard': { ...guard, action: 'skip' } }, to: 3 },
  evaluate: { to: [validate.suite] },
  maxShardSize: { to: '1MB' },
  output: { to: 'elsewhere' }
}

/** The keys of the run before a change and after it. */
async function keysOf(key: string, { from, to, given = {}, kind = 'train' }: Change): Promise<[string, string]> {
  const base = withValues(recipes[kind], { ...given, ...(from === undefined ? {} : { [key]: from }) })
  // an element of a list has no name of its own: the change says the whole list
  const changed = key.startsWith('data.sources.') ? withValues(base, Object(to)) : withStrategy(base, key, to)
  return [await runKey(kind, base), await runKey(kind, changed)]
}

/** Names of strategies are replaced where one of their options is set. */
const withStrategy = (recipe: Recipe, key: string, to: unknown): Recipe =>
  /^train\.strategy\.\w+$/.test(key)
    ? withValues(recipe, { 'train.strategy': { [key.split('.')[2]]: to } })
    : withValues(recipe, { [key]: to })

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
}

/** Every key that a recipe may have, by its path; those of a list's elements under the list's. */
function keysBelow({ properties = {}, items, anyOf = [] }: JsonSchema, path = ''): string[] {
  const own = Object.entries(properties).flatMap(([key, schema]) => [
    path + key,
    ...keysBelow(schema, `${path}${key}.`)
  ])
  return [...own, ...(items ? keysBelow(items, path) : []), ...anyOf.flatMap(schema => keysBelow(schema, path))]
}

test('every key of the schema is in one of the two lists', () => {
  const listed = [...Object.keys(deciding), ...Object.keys(harmless)].sort()
  expect(listed).toEqual([...new Set(keysBelow(recipeJsonSchema()))].sort())
})

describe('a change makes another run:', () => {
  test.each(Object.entries(deciding))('%s', async (key, change) => {
    const [before, after] = await keysOf(key, change)
    expect(after).not.toBe(before)
  })
})

describe('a change leaves the run what it is:', () => {
  test.each(Object.entries(harmless))('%s', async (key, change) => {
    const [before, after] = await keysOf(key, change)
    expect(after).toBe(before)
  })
})

test('extend and train are two runs, also with the same parts', async () => {
  const recipe = { ...recipes.extend, window: { original: 32 } }
  expect(await runKey('train', recipe)).not.toBe(
    await runKey('extend', { ...recipe, window: { original: 32, target: 32 } })
  )
})

// made at 995e99c: runs that began before are recognised
test.each([
  ['train', 'of a new model', {}, 'b6b928c9cbcd180d83bc44809ac43385c21a3bfeddd36f679d0495cf869c4d87'],
  ['extend', 'of a folder', {}, '41d245b6845fe6d655601277c74df4ad561b414585ea9002ef1f8a08f901b912'],
  [
    'extend',
    'with all that a recipe may say',
    {
      interpolation: { linear: {} },
      positions: { pose: { chunks: 3 } },
      data: {
        sources: [
          { files: ['records.jsonl'], weight: 2, pack: true },
          { files: ['more.jsonl'], minTokens: 55 }
        ]
      },
      'train.strategy': { spaco: { ...spaco, maxCompensation: 2 } },
      'train.lora': { ...lora, alpha: 4, alsoTrain: ['norm'] },
      'train.ema': { decay: 0.9 },
      'train.guard': guard,
      'train.validate': validate,
      'train.seed': 7,
      executor: { onnx: { threads: 1 } },
      dtype: 'bfloat16'
    },
    'd2c28166330ce3607a2df5573dd4d2717105cd9ff06ffb69dbf065221c9fad94'
  ]
] as const)('the key of %s %s is what it was', async (kind, _, values, key) => {
  expect(await runKey(kind, withValues(recipes[kind], values))).toBe(key)
})

describe('what is the same run', () => {
  const long = { ...recipes.extend, window: { original: 32, target: 1024 } }
  const suite = (windows: readonly (number | string)[]) => ({
    perplexity: { data: 'held-out.jsonl', windows, documents: 1 }
  })

  test('a length with k and its number, also in the options of a plugin', async () => {
    const of = (one: number | string) =>
      runKey(
        'extend',
        withValues(long, {
          'window.target': one,
          'train.validate': { ...validate, suite: suite([32, one]), metric: 'perplexity@1024' }
        })
      )
    expect(await of('1k')).toBe(await of(1024))
    expect(await of('1K')).toBe(await of(1024))
    expect(await of('2k')).not.toBe(await of(1024))
  })

  test('a value that is set and one in the file', async () => {
    const settings = [
      'window.target=1k',
      'train.steps=7',
      'positions.pose.chunks=3',
      'train.lora={ rank: 2, targets: [q_proj] }'
    ]
    const written = withValues(long, {
      'window.target': 1024,
      'train.steps': 7,
      positions: { pose: { chunks: 3 } },
      'train.lora': lora
    })
    expect(await resolveKey('extend', JSON.stringify(recipes.extend), settings)).toBe(await runKey('extend', written))
    expect(await runKey('extend', recipes.extend)).not.toBe(await runKey('extend', written))
  })
})
