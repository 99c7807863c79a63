// Every architecture × interpolation × position transform that is registered: what fits together trains, what does not
// is refused with a reason before any work. The cross is complete: a combination takes some 50 ms.

import { writeCheckpoint, writeModelConfig } from '@skipwise/checkpoints'
import { SkipwiseErrors } from '@skipwise/core'
import { findArchitecture, parseRecipe, resolveRecipe, type Experiment } from '@skipwise/experiment'
import { readHuggingFaceRope } from '@skipwise/interpolation'
import { restoreWeight, type Executor } from '@skipwise/runtime'
import { initializeWeights, train } from '@skipwise/training'
import { cpSync, existsSync, rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { defaultRegistry } from '../src/index.js'
import { Workspace } from './workspace.js'

const window = { original: 32, target: 96 }
const llamaSizes = {
  vocab_size: 256,
  hidden_size: 16,
  intermediate_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2
}
const models: Record<string, { config: Record<string, unknown>; rotaryDim: number }> = {
  llama: {
    config: { model_type: 'llama', ...llamaSizes, max_position_embeddings: 32, rope_theta: 10000 },
    rotaryDim: 8
  },
  gptj: {
    config: { model_type: 'gptj', vocab_size: 256, n_embd: 16, n_layer: 1, n_head: 2, n_positions: 32, rotary_dim: 4 },
    rotaryDim: 4
  },
  'baichuan-rope': {
    config: {
      model_type: 'baichuan',
      ...llamaSizes,
      model_max_length: 32,
      position_embedding: 'rope',
      normalized_head: false
    },
    rotaryDim: 8
  },
  'baichuan-alibi': {
    config: {
      model_type: 'baichuan',
      ...llamaSizes,
      model_max_length: 32,
      position_embedding: 'alibi',
      normalized_head: true
    },
    rotaryDim: 0
  }
}
const schemes = defaultRegistry.list('interpolation').map(({ name }) => name)
const transforms = defaultRegistry.list('position-transform').map(({ name }) => name)

/** Why a combination cannot be, undefined where it can. */
function refusalOf(model: string, scheme: string): string | undefined {
  if (models[model].rotaryDim === 0) return scheme === 'none' ? undefined : 'RECIPE_ROPE_NONE'
  // no config.json could say which frequencies the model was trained with
  return scheme === 'dynamic-linear' || scheme === 'dynamic-yarn' ? 'INTERPOLATION_EXPORT' : undefined
}

/** Options of the schemes that have some without a default. */
function optionsOf(scheme: string, rotaryDim: number): Record<string, unknown> {
  const factors = Array.from({ length: rotaryDim / 2 }, (_, i) => 1 + i)
  return scheme === 'longrope' ? { shortFactor: factors.map(() => 1), longFactor: factors } : {}
}

const workspace = new Workspace()
let executor: Executor
beforeAll(async () => {
  executor = await defaultRegistry.resolve('executor', 'onnx', { threads: 1 }).open()
  for (const [name, { config }] of Object.entries(models)) {
    const folder = workspace.path(name)
    const { parameters, ...model } = findArchitecture(defaultRegistry, config).define(config)
    cpSync(workspace.path('tokenizer'), folder, { recursive: true })
    await writeModelConfig(folder, config)
    const weights = initializeWeights({ parameters, ...model }, { seed: 0 })
    await writeCheckpoint(
      folder,
      parameters.map(({ name, shape }) => ({ name, shape, data: weights.get(name) as Float32Array })),
      { dtype: 'float32' }
    )
  }
})
afterAll(async () => {
  await executor.dispose()
  workspace.remove()
})

const recipeOf = (model: string, interpolation: object, positions: object, { original, target } = window) =>
  parseRecipe(
    JSON.stringify({
      model,
      interpolation,
      positions,
      window: { original, target },
      data: { files: ['text.jsonl'] },
      train: { steps: 2, batch: 2, learningRate: 1e-3, warmup: 1 },
      output: 'out'
    }),
    'recipe.yaml'
  )

const resolve = async (recipe: ReturnType<typeof recipeOf>): Promise<Experiment> => {
  const experiment = await resolveRecipe(recipe, {
    kind: 'extend',
    baseFolder: workspace.folder,
    registry: defaultRegistry,
    readRope: readHuggingFaceRope
  })
  // all of these name one output, and train without what holds it
  await experiment.state.release()
  return experiment
}

/** What `skipwise extend` trains, without the evaluations and the files around it. */
async function trainShortly({
  source,
  options,
  weights,
  example,
  exampleLength,
  stateFolder,
  runKey,
  rope
}: Experiment) {
  const frequencies = rope.interpolation.frequencies({ ...rope.geometry, length: window.target })
  const result = await train({
    model: source.model,
    encoding: source.encoding,
    executor,
    options,
    weights,
    example,
    stateFolder,
    runKey,
    window: { ...window, original: exampleLength },
    frequencies
  })
  const [name] = [...weights.keys()]
  const before = restoreWeight(weights.get(name) ?? new Float32Array(0))
  const moved = before.some((value, i) => value !== result.weights.get(name)?.[i])
  return { losses: result.losses, moved, frequencies }
}

const codesOf = async (recipe: ReturnType<typeof recipeOf>): Promise<string[]> => {
  try {
    await resolve(recipe)
  } catch (error) {
    return error instanceof SkipwiseErrors ? error.errors.map(({ code }) => code) : [String(error)]
  }
  return []
}

describe.each(Object.keys(models))('%s', model => {
  const { rotaryDim } = models[model]

  test.each(schemes)('with %s and every position transform', async scheme => {
    const refusal = refusalOf(model, scheme)
    for (const transform of transforms) {
      const label = `${model} × ${scheme} × ${transform}`
      const recipe = recipeOf(model, { [scheme]: optionsOf(scheme, rotaryDim) }, { [transform]: {} })
      if (refusal !== undefined) {
        expect(await codesOf(recipe), label).toEqual([refusal])
        expect(existsSync(workspace.path('out.training')), 'not begun: no documents read, no state made').toBe(false)
        continue
      }
      const experiment = await resolve(recipe)
      const { positionIds } = experiment.example(0)
      expect(positionIds[positionIds.length - 1], label).toBeLessThan(window.target)
      const { losses, moved } = await trainShortly(experiment)
      expect(losses, label).toHaveLength(2)
      // random weights: some ln 256 nats a label, not the 0 or the hundreds of a broken one
      for (const loss of losses) expect(Math.abs(loss - Math.log(256)), label).toBeLessThan(1.5)
      expect(moved, label).toBe(true)
      rmSync(experiment.stateFolder, { recursive: true, force: true })
    }
  })
})

test('a scheme reaches the model: where frequencies differ, losses do', async () => {
  const seen = new Map<string, number>()
  for (const scheme of schemes.filter(name => refusalOf('llama', name) === undefined)) {
    const { losses, frequencies } = await trainShortly(
      await resolve(recipeOf('llama', { [scheme]: optionsOf(scheme, 8) }, { pose: {} }))
    )
    // as the tables hold them: in float32
    seen.set([...frequencies.inverseFrequencies, frequencies.attentionFactor].map(Math.fround).join(), losses[1])
  }
  expect(seen.size).toBeGreaterThan(8)
  expect(new Set(seen.values()).size).toBe(seen.size)
})

test.each([
  [
    'a transform whose parts do not fit the window',
    'llama',
    { yarn: {} },
    { cream: {} },
    { original: 16, target: 96 },
    ['POSITIONS_WINDOW']
  ],
  ['more chunks than tokens', 'gptj', { yarn: {} }, { pose: { chunks: 33 } }, window, ['POSITIONS_WINDOW']],
  ['a scheme without its options', 'llama', { longrope: {} }, { pose: {} }, window, ['PLUGIN_CONFIG']],
  [
    'factors for other frequencies',
    'gptj',
    { longrope: optionsOf('longrope', 8) },
    { pose: {} },
    window,
    ['INTERPOLATION_FACTORS']
  ],
  [
    'names that nobody registered, all at once',
    'llama',
    { yarm: {} },
    { posse: {} },
    window,
    ['PLUGIN_UNKNOWN', 'PLUGIN_UNKNOWN']
  ],
  [
    'a wrong transform for a model without RoPE',
    'baichuan-alibi',
    { ntk: {} },
    { pose: { chunk: 3 } },
    window,
    ['PLUGIN_CONFIG', 'RECIPE_ROPE_NONE']
  ]
])('%s: refused with a reason before any work', async (_, model, interpolation, positions, windows, codes) => {
  expect(await codesOf(recipeOf(model, interpolation, positions, windows))).toEqual(codes)
})
