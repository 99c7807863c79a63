// The functions of the package, as a program uses them: the same runs as those of the commands.
import { definePlugin, isSkipwiseError, SkipwiseErrors, type EvalResult } from '@skipwise/core'
import { perplexity } from '@skipwise/eval-perplexity'
import { passkey } from '@skipwise/eval-retrieval'
import { onnxExecutor } from '@skipwise/executor-onnx'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { evaluate, extend, openModel, train, type RunResult, type TypedRecipe } from '../src/index.js'
import { trainRecipe, Workspace } from './workspace.js'

const workspace = new Workspace()
const at = (name: string) => join(workspace.folder, name)
afterAll(() => workspace.remove())

beforeAll(async () => {
  workspace.write('train.yaml', trainRecipe)
  const { output } = await train(at('train.yaml'))
  expect(output).toBe(at('base'))
})

const recipe: TypedRecipe = {
  model: 'base',
  window: { original: 32, target: 64 },
  interpolation: { yarn: { truncate: false } },
  positions: 'pose',
  data: { files: ['text.jsonl'] },
  train: { steps: 2, batch: 2, learningRate: 1e-3, warmup: 0, weightDecay: undefined },
  evaluate: [{ perplexity: { data: 'held-out.jsonl', windows: [32, 64], documents: 1 } }],
  output: 'extended',
  seed: 3
}

const yaml = `model: base
window: { original: 32, target: 64 }
interpolation: { yarn: { truncate: false } }
positions: pose
data: { files: [text.jsonl] }
train: { steps: 2, batch: 2, learningRate: 1e-3, warmup: 0 }
evaluate: [{ perplexity: { data: held-out.jsonl, windows: [32, 64], documents: 1 } }]
output: from-yaml
seed: 3
`

const weights = (folder: string) => readFileSync(at(`${folder}/model.safetensors`))

describe('extend', () => {
  let result: RunResult
  beforeAll(async () => {
    result = await extend(recipe, { baseFolder: workspace.folder })
  })

  test('takes an object, and gives what skipwise.json says and where it lies', () => {
    expect(result.output).toBe(at('extended'))
    const { output, ...kept } = result
    expect(JSON.parse(readFileSync(join(output, 'skipwise.json'), 'utf8'))).toEqual(JSON.parse(JSON.stringify(kept)))
  })

  test('makes the same bytes as the command does of the recipe as a file', async () => {
    workspace.write('extend.yaml', yaml)
    expect(await workspace.run(['extend', 'extend.yaml'])).toMatchObject({ code: 0 })
    expect(weights('from-yaml').equals(weights('extended'))).toBe(true)
    expect(JSON.parse(readFileSync(at('from-yaml/skipwise.json'), 'utf8'))).toMatchObject({ runKey: result.runKey })
  })

  test('gives the output of the same recipe again without computing it', async () => {
    const events: string[] = []
    const again = await extend(recipe, { baseFolder: workspace.folder, progress: ({ task }) => events.push(task) })
    expect(again).toEqual(JSON.parse(JSON.stringify(result)))
    expect(events.filter(task => task.startsWith('training'))).toEqual([])
  })

  test('reports everything that is wrong with an object, before any work', async () => {
    const wrong = { ...recipe, window: { original: 32 }, interpolation: 'yarm', unknown: 1, output: 'nothing' }
    const error = await extend(wrong as unknown as TypedRecipe, { baseFolder: workspace.folder }).catch(
      (caught: unknown) => caught
    )
    expect(error).toBeInstanceOf(SkipwiseErrors)
    const text = String(error instanceof SkipwiseErrors ? error.errors.join('\n') : error)
    expect(text).toMatch(/recipe: .*unknown/)
    expect(text).toMatch(/recipe: interpolation: no interpolation is called 'yarm'/)
    expect(text).toMatch(/target/)
    expect(existsSync(at('nothing.training'))).toBe(false)
  })

  test.each([
    ['nothing', undefined, 'a recipe is a map of keys'],
    ['a list', [1], 'a recipe is a map of keys'],
    ['a function in it', { ...recipe, seed: () => 1 }, 'recipe'],
    [
      'a value that holds itself',
      (() => {
        const round: Record<string, unknown> = { ...recipe }
        round['model'] = round
        return round
      })(),
      'nested'
    ]
  ])('refuses %s', async (_, given, problem) => {
    const error = await extend(given as never, { baseFolder: workspace.folder }).catch((caught: unknown) => caught)
    expect(error instanceof SkipwiseErrors || isSkipwiseError(error)).toBe(true)
    expect(String(error instanceof SkipwiseErrors ? error.errors.join('\n') : error)).toContain(problem)
  })

  test('is stopped by a signal', async () => {
    const controller = new AbortController()
    const stopped = { ...recipe, output: 'stopped', train: { ...recipe.train, steps: 500 } }
    const running = extend(stopped, {
      baseFolder: workspace.folder,
      signal: controller.signal,
      progress: ({ task }) => {
        if (task.startsWith('train')) controller.abort(new Error('enough'))
      }
    })
    await expect(running).rejects.toThrow()
    expect(existsSync(at('stopped'))).toBe(false)
    expect(existsSync(at('stopped.training/skipwise-state.json'))).toBe(true)
  })

  test('takes plugins of the caller', async () => {
    const halves = definePlugin({
      kind: 'interpolation',
      name: 'acme/halves',
      summary: 'θ / 2',
      config: z.strictObject({}),
      create: () => ({
        frequencies: ({ rotaryDim, base }) => ({
          inverseFrequencies: Float64Array.from(
            { length: rotaryDim / 2 },
            (_, i) => base ** ((-2 * i) / rotaryDim) / 2
          ),
          attentionFactor: 1,
          softmaxScale: 1
        }),
        toHuggingFace: ({ base, targetLength }) => ({
          rope_parameters: { rope_type: 'linear', factor: 2, rope_theta: base },
          rope_scaling: { type: 'linear', factor: 2 },
          rope_theta: base,
          max_position_embeddings: targetLength
        })
      })
    })
    const own = { ...recipe, interpolation: 'acme/halves', evaluate: [], output: 'halves' } as const
    const { interpolation } = await extend(own, { baseFolder: workspace.folder, plugins: [halves] })
    expect(interpolation.name).toBe('acme/halves')
  })
})

describe('openModel and evaluate', () => {
  const config = { data: 'held-out.jsonl', windows: [32, 64], documents: 2 }
  const options = { baseFolder: workspace.folder }

  test('give what the command gives', async () => {
    const model = await openModel(at('base'), { lengthLimit: 64, executor: { onnx: { threads: 1 } } })
    expect(model).toMatchObject({ name: at('base'), folder: at('base'), maxLength: 32 })
    const byCall = await evaluate(model, perplexity(config), options)
    const [byName] = await evaluate(model, [{ perplexity: config }], options)
    await model.dispose()
    const byFolder = await evaluate(at('base'), perplexity(config), options)
    const command = ['eval', 'perplexity', '--model', 'base', '--config', JSON.stringify(config), '--json']
    const told = JSON.parse((await workspace.run(command)).stdout) as { metrics: unknown }
    for (const { metrics } of [byCall, byName, byFolder]) expect(metrics).toEqual(told.metrics)
  })

  test('an open model refuses what is longer than its limit, by default its window', async () => {
    const model = await openModel(at('base'), { executor: onnxExecutor({ threads: 1 }) })
    await expect(evaluate(model, perplexity(config), options)).rejects.toThrow(/^INFERENCE_TOO_LONG: 64 tokens/)
    await model.dispose()
  })

  test('an executor that is given open stays open', async () => {
    const executor = await onnxExecutor({ threads: 1 }).open()
    for (let i = 0; i < 2; i++) {
      const model = await openModel(at('base'), { executor })
      expect(await model.score(model.tokenizer.encode('1 is even'))).toHaveLength(8)
      await model.dispose()
    }
    await executor.dispose()
  })

  test('a suite that is named without lengths measures at 1, 2 and 4 times the window', async () => {
    const unsized = { perplexity: { data: 'held-out.jsonl', documents: 1 } } as unknown as 'perplexity'
    expect((await evaluate(at('base'), unsized, options)).config).toMatchObject({ windows: [32, 64, 128] })
  })

  test('name what is wrong before a model is opened', async () => {
    await expect(evaluate('no-such-model', 'passkeys' as never)).rejects.toThrow("did you mean 'passkey'?")
    await expect(openModel(at('nowhere'))).rejects.toThrow(/^MODEL_/)
  })

  test.each([undefined, null, 7, {}, [], { passkey: {}, perplexity: {} }])(
    'refuse %j for a suite, an executor and a model: no part of it is left out',
    async given => {
      const named = /^PLUGIN_UNKNOWN: expected the name of a plugin, or one key with its options/
      await expect(evaluate(at('base'), [given as never])).rejects.toThrow(named)
      if (given !== undefined) await expect(openModel(at('base'), { executor: given as never })).rejects.toThrow(named)
      await expect(openModel(given as never)).rejects.toThrow(/^MODEL_NOT_FOUND: expected the name of a model/)
    }
  )
})

describe('the types', () => {
  test('know names and options of every plugin', () => {
    const neverCalled = async () => {
      // @ts-expect-error a name that there is not
      await extend({ ...recipe, interpolation: 'yarm' })
      // @ts-expect-error an option that yarn does not take
      await extend({ ...recipe, interpolation: { yarn: { truncat: false } } })
      // @ts-expect-error a value of another type
      await extend({ ...recipe, positions: { pose: { chunks: 'two' } } })
      // @ts-expect-error a plugin of another kind
      await extend({ ...recipe, executor: 'pose' })
      // @ts-expect-error a suite without lengths has to be named
      await evaluate('model', passkey())
      // @ts-expect-error a suite that there is not
      await evaluate('model', 'passkeys')
      expectTypeOf(await evaluate('model', [passkey({ lengths: [1024] })])).toEqualTypeOf<EvalResult[]>()
      expectTypeOf(await evaluate('model', passkey({ lengths: [1024] }))).toEqualTypeOf<EvalResult>()
    }
    expect(neverCalled).toBeTypeOf('function')
  })
})
