// Every recipe that comes with Skipwise, against the config.json of its model: it is parsed, resolved and planned, and
// what its comments say of memory and work is what the plan says. SKIPWISE_WRITE_RECIPES=1 writes those lines again.
import { openRecipe, outlineRecipe, resolveRecipe, planExperiment, type RecipeOutline } from '@skipwise/experiment'
import { bytesOfWeight } from '@skipwise/runtime'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { loadParts } from '../src/index.js'
import { findExample, listExamples } from '../src/examples.js'
import { Workspace, skipwise } from './workspace.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const folder = join(here, '..', 'recipes')
const parts = await loadParts([here])
const isWriting = process.env['SKIPWISE_WRITE_RECIPES'] === '1'

/** Recipe → the file of its model's configuration. */
const models: Readonly<Record<string, string>> = {
  'smollm2-135m-32k': 'smollm2-135m',
  'smollm2-360m-32k': 'smollm2-360m',
  'qwen2.5-0.5b-64k': 'qwen2.5-0.5b',
  'qwen2.5-1.5b-64k': 'qwen2.5-1.5b',
  'tinyllama-1.1b-16k': 'tinyllama-1.1b',
  'llama-3.2-1b-256k': 'llama-3.2-1b',
  'llama-2-7b-16k': 'llama-2-7b',
  'paper-llama-7b-128k': 'llama-7b',
  'mistral-7b-64k': 'mistral-7b',
  'baichuan2-7b-16k': 'baichuan2-7b',
  'gpt-j-6b-16k': 'gpt-j-6b'
}

const configOf = (model: string): Record<string, unknown> =>
  (JSON.parse(readFileSync(join(here, 'configs', `${model}.json`), 'utf8')) as { config: Record<string, unknown> })
    .config

const tiny = {
  model_type: 'llama',
  vocab_size: 256,
  hidden_size: 64,
  intermediate_size: 128,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  max_position_embeddings: 32,
  rope_theta: 10000
}

async function outline(text: string, name: string): Promise<RecipeOutline> {
  const document = openRecipe(text, name, parts.registry)
  return outlineRecipe(document.recipe, {
    kind: 'extend',
    baseFolder: here,
    document,
    config: configOf(models[name]),
    ...parts
  })
}

/** Bytes of Node and libraries before a model is read, which differ by a few tens of MB from machine to machine. */
const NODE = 0.2e9
/** Measured operations a second and core, see docs/recipes.md. */
const RATE = { float32: 66e9, 'at rest': 38e9 }

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0)} GB`
const duration = (seconds: number) => {
  const [unit, size] = seconds < 3600 ? ['minutes', 60] : seconds < 48 * 3600 ? ['hours', 3600] : ['days', 86400]
  return `${Number((seconds / Number(size)).toPrecision(2))} ${unit}`
}

/** What the comments of a recipe say, by the plan. */
function comments({ plan, unread, operations, options, exampleLength }: RecipeOutline, isAtRest: boolean): string[] {
  const peaks = Object.entries(plan.strategies).map(([name, { peak }]) => [name, peak - plan.process + unread + NODE])
  const told = [...peaks]
    .sort((a, b) => Number(a[1]) - Number(b[1]))
    .map(([name, peak]) => `${gigabytes(Number(peak))} by ${name}`)
  const total = operations('blockwise')
  const rate = isAtRest ? RATE['at rest'] : RATE.float32
  const times = [2, 8, 16].map(cores => duration(total / rate / cores))
  return [
    `# Memory: ${told.join(', ')}, planned.`,
    `# Work: ${options.steps} steps of ${options.batch} × ${exampleLength} tokens, ${total.toPrecision(2)} operations; by formula ${times.join(', ')} on 2, 8, 16 cores.`
  ]
}

describe.each(Object.keys(models))('%s', name => {
  test('is parsed, resolved and planned against the configuration of its model', { timeout: 120_000 }, async () => {
    const file = join(folder, `${name}.yaml`)
    const text = readFileSync(file, 'utf8')
    const made = await outline(text, name)
    const lines = comments(made, text.includes('base: '))
    if (isWriting) writeFileSync(file, text.replace(/^# Memory:.*$/m, lines[0]).replace(/^# Work:.*$/m, lines[1]))
    else for (const line of lines) expect(text.split('\n')).toContain(line)
    expect(made.suites).toHaveLength(2)
    expect(made.window.target).toBeGreaterThan(made.window.original)
    // what is measured is covered: the target is at least the longest length and L_c, but for the paper's own
    const longest = Math.max(...[...text.matchAll(/(\d+)k\]/g)].map(([, k]) => 1024 * Number(k)))
    if (!name.startsWith('paper')) expect(made.window.target).toBeGreaterThanOrEqual(longest + made.window.original)
  })
})

test('every recipe has a model, and every configuration a recipe', async () => {
  expect((await listExamples()).map(({ name }) => name).sort()).toEqual(Object.keys(models).sort())
  const files = readdirSync(join(here, 'configs')).map(file => file.replace('.json', ''))
  expect(Object.values(models).sort()).toEqual(files.sort())
})

describe('an example by name', () => {
  const workspace = new Workspace()
  afterAll(() => workspace.remove())

  test('that there is not lists those that there are', async () => {
    await expect(findExample('example:tinylama-1.1b-16k')).rejects.toThrow(
      /RECIPE_NOT_FOUND: there is no example 'tinylama-1\.1b-16k'; did you mean 'tinyllama-1\.1b-16k'\?: use example:NAME with one of baichuan2-7b-16k, /
    )
  })

  test('is run on the files of the working folder', async () => {
    const { code, stderr } = await skipwise(['extend', 'example:smollm2-135m-32k', '--plan'], { cwd: workspace.folder })
    expect(code).toBe(2)
    expect(stderr).toContain('DATA_NO_FILES: example:smollm2-135m-32k:')
    expect(stderr).toContain('corpus/*.jsonl')
  })

  test('is listed, printed and told in JSON', async () => {
    const list = await skipwise(['recipes'], { cwd: workspace.folder })
    expect(list.stdout).toContain('tinyllama-1.1b-16k\n  TinyLlama-1.1B from 2,048 to 16,384 tokens')
    const one = await skipwise(['recipes', 'tinyllama-1.1b-16k'], { cwd: workspace.folder })
    expect(one.stdout).toBe(readFileSync(join(folder, 'tinyllama-1.1b-16k.yaml'), 'utf8'))
    const json = await skipwise(['recipes', '--json'], { cwd: workspace.folder })
    expect(JSON.parse(json.stdout)).toHaveLength(Object.keys(models).length)
  })
})

test('an outline plans what a run plans, without weights and documents', async () => {
  const workspace = new Workspace()
  try {
    const recipe = {
      model: { architecture: 'llama', tokenizer: 'tokenizer', config: tiny },
      window: { original: 32 },
      data: { files: ['text.jsonl'] },
      train: { steps: 2, batch: 2, learningRate: 1e-3, base: 'bf16', lora: { rank: 2, targets: ['q_proj'] } },
      output: 'out'
    }
    const document = openRecipe(JSON.stringify(recipe), 'recipe.yaml', parts.registry)
    const options = { kind: 'train', baseFolder: workspace.folder, document, ...parts } as const
    const experiment = await resolveRecipe(document.recipe, options)
    const run = await planExperiment(experiment).finally(() => experiment.state.release())
    const made = await outlineRecipe(document.recipe, { ...options, config: tiny })
    expect(made.plan).toMatchObject({ weights: run.weights, optimizer: run.optimizer, gradients: run.gradients })
    const activations = ({ strategies }: typeof run) => Object.values(strategies).map(each => each.activations)
    expect(activations(made.plan)).toEqual(activations(run))
    // the trained in float32 and the frozen as they lie in memory
    expect(made.unread).toBe([...experiment.weights.values()].reduce((sum, weight) => sum + bytesOfWeight(weight), 0))
  } finally {
    workspace.remove()
  }
})
