import { demandExportable, exportRun, openClusterRun, readClusterRun } from '@skipwise/cluster'
import { digestOfFile, openCheckpoint, openSafetensors } from '@skipwise/checkpoints'
import { runExperiment, type Experiment } from '@skipwise/experiment'
import { isSkipwiseError } from '@skipwise/core'
import { learningRateAt } from '@skipwise/training'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { extend, prepare, train } from '../src/run-recipe.js'

// Runs by torchrun, with two processes, against our own runs. To make the golden values again, with torch,
// transformers, accelerate, datasets and peft (a quarter of an hour on two cores):
//   SKIPWISE_CLUSTER=FOLDER npx vitest run test/cluster.test.ts -t exported
//   python tools/golden/cluster.py FOLDER > packages/skipwise/test/golden/cluster.json
interface GoldenRun {
  readonly firstLoss: number
  readonly losses: readonly number[]
  /** The first elements of every tensor of the trained model, or of its adapter. */
  readonly weights: Readonly<Record<string, readonly number[]>>
}
const golden = JSON.parse(await readFile(join(import.meta.dirname, 'golden', 'cluster.json'), 'utf8')) as {
  readonly origin: string
  /** SHA-256 of the train.py that it was. */
  readonly program: string
  readonly cases: Readonly<Record<string, GoldenRun>>
  readonly traps: Readonly<Record<string, string>>
}

const kept = process.env['SKIPWISE_CLUSTER']
const root = kept ?? (await mkdtemp(join(tmpdir(), 'skipwise-cluster-')))
afterAll(async () => {
  if (kept === undefined) await rm(root, { recursive: true, force: true })
})

const tiny = join(import.meta.dirname, '..', '..', 'tiny-llama')
const tinyLlama = { folder: join(tiny, 'model'), heldOut: join(tiny, 'data', 'held-out.jsonl') }

/** The shape of the fixture llama-default, with the vocabulary of a tokenizer that is at hand. */
const shape = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 1024,
  hidden_size: 32,
  intermediate_size: 80,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  head_dim: 8,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: false,
  bos_token_id: 0,
  eos_token_id: 1
}
const base = join(root, 'base')
const data = { files: [tinyLlama.heldOut] }

beforeAll(async () => {
  await rm(base, { recursive: true, force: true })
  const model = { architecture: 'llama', config: shape, tokenizer: tinyLlama.folder }
  const once = { steps: 1, batch: 1, learningRate: 1e-4 }
  await train({ model, window: { original: 64 }, data, train: once, output: base })
}, 120_000)

const training = { steps: 20, batch: 8, microBatch: 4, learningRate: 5e-4, warmup: 3, weightDecay: 0.1, beta2: 0.95 }
const window = { original: 64, target: 512 }
const llama = { model: base, window, data, dtype: 'float32', train: { ...training, checkpointEvery: 5 } } as const
const longrope = { longrope: { shortFactor: [1, 1, 1, 1], longFactor: [1, 2, 4, 8] } }
const recipes = {
  'llama yarn': { ...llama, interpolation: 'yarn' },
  'llama longrope': { ...llama, interpolation: longrope },
  'llama dynamic-ntk': { ...llama, interpolation: 'dynamic-ntk' },
  'llama yarn, adapters': {
    ...llama,
    interpolation: 'yarn',
    train: { ...llama.train, lora: { rank: 4, alpha: 8, targets: 'all-linear' } }
  },
  'tiny-llama linear': {
    ...llama,
    interpolation: 'linear',
    model: tinyLlama.folder,
    train: { ...llama.train, microBatch: 2, learningRate: 2e-4, schedule: 'cosine' }
  }
} as const
type Name = keyof typeof recipes
const names = Object.keys(recipes) as Name[]
const folderOf = (name: Name, what: string) => join(root, `${name.replace(/\W+/g, '-')}-${what}`)

const prepared = (name: Name, what: string): Promise<Experiment> =>
  prepare('by window', { ...recipes[name], output: folderOf(name, what) }, {})

async function exported(name: Name): Promise<string> {
  const folder = folderOf(name, 'run')
  await rm(folder, { recursive: true, force: true })
  await exportRun(await prepared(name, 'run'), { launcher: 'torchrun' })
  return folder
}

describe.each(names)('%s', name => {
  test('exported: the loss of the first batch is that of transformers', async () => {
    const folder = await exported(name)
    const { loss } = JSON.parse(await readFile(join(folder, 'first-loss.json'), 'utf8')) as { loss: number }
    const files = ['README.md', 'SHA256SUMS', 'data', 'first-loss.json', 'launch.sh', 'launch.slurm', 'model']
    expect(await readdir(folder)).toEqual([...files, 'requirements.txt', 'rope.safetensors', 'run.json', 'train.py'])
    if (kept === undefined) expect(Math.abs(loss - golden.cases[name].firstLoss)).toBeLessThan(1e-5)
  })

  test('our own run has the losses and the weights of torchrun, and comes back from there', async () => {
    const { losses, weights } = golden.cases[name]
    const own = folderOf(name, 'own')
    const { training: trained } = await extend({ ...recipes[name], output: own })
    expect(trained.losses).toHaveLength(losses.length)
    trained.losses.forEach((loss, step) => expect(Math.abs(loss - losses[step]), `step ${step + 1}`).toBeLessThan(1e-5))
    const isAdapter = 'lora' in recipes[name].train
    const file = isAdapter ? 'adapter/adapter_model.safetensors' : 'model.safetensors'
    const source = await openSafetensors(join(own, file))
    expect(source.names).toEqual(Object.keys(weights).sort())
    for (const [tensor, first] of Object.entries(weights)) {
      const elements = await source.read(tensor)
      first.forEach((value, i) => expect(Math.abs(elements[i] - value), tensor).toBeLessThan(1e-4))
    }
    await source.close()

    // what a cluster would have written, of our own weights
    const folder = await exported(name)
    await pretend(name, folder, own, isAdapter)
    const experiment = await prepared(name, 'back')
    const run = await readClusterRun(await openClusterRun(folder), experiment)
    const back = await runExperiment(experiment, {}, run).finally(() => run.close())
    expect(back.training).toMatchObject({ losses: trained.losses, elsewhere: { engine: 'torchrun', processes: 2 } })
    expect(back.resultKey).not.toBe(back.runKey)
    expect(await tensorsOf(folderOf(name, 'back'))).toEqual(await tensorsOf(own))
  })
})

async function tensorsOf(folder: string): Promise<Map<string, Float32Array>> {
  const checkpoint = await openCheckpoint(folder)
  const tensors = new Map<string, Float32Array>()
  for (const name of checkpoint.names) tensors.set(name, await checkpoint.read(name))
  await checkpoint.close()
  return tensors
}

/** Writes `out` of a run as train.py does. */
async function pretend(name: Name, folder: string, own: string, isAdapter: boolean): Promise<void> {
  const model = join(folder, 'out', 'model')
  await mkdir(model, { recursive: true })
  const from = isAdapter ? join(own, 'adapter') : own
  const files: Record<string, string> = {}
  for (const file of (await readdir(from)).filter(each => /\.safetensors$|config\.json$/.test(each))) {
    await cp(join(from, file), join(model, file))
    files[file] = await digestOfFile(join(model, file))
  }
  const { options, runKey, state } = await prepared(name, 'rates')
  await state.release()
  const { training: done } = JSON.parse(await readFile(join(own, 'skipwise.json'), 'utf8')) as {
    training: { losses: number[] }
  }
  const lines = done.losses.map((loss, i) =>
    JSON.stringify({ step: i + 1, loss, gradientNorm: 1, learningRate: learningRateAt(i, options), time: 1e9 + i })
  )
  // a run that was killed writes a step again
  await writeFile(join(folder, 'out', 'losses.jsonl'), `{"step": 3, "loss": 99\n${lines.join('\n')}\n`)
  const result = { version: 1, runKey, processes: 2, versions: { torch: '2.13.0' }, files }
  await writeFile(join(folder, 'out', 'result.json'), JSON.stringify(result))
}

describe('what is refused', () => {
  const refusal = async (recipe: object) =>
    prepare('by window', { ...recipe, output: join(root, 'refused') }, { check: demandExportable })
      .then(() => 'written')
      .catch((error: Error) => error.message)

  test('a recipe that the Trainer would run in another way, with every reason, before any work', async () => {
    const message = await refusal({
      ...llama,
      positions: 'contiguous',
      data: { ...data, pack: true },
      train: { ...llama.train, ema: { decay: 0.9 }, guard: { loss: 2 }, strategy: { spaco: { chunk: 16, chunks: 2 } } }
    })
    expect(message).toMatch(/CLUSTER_UNSUPPORTED/)
    for (const reason of [/data\.pack/, /train\.ema/, /train\.guard/, /spaco/]) expect(message).toMatch(reason)
    expect((await readdir(root)).filter(name => name.startsWith('refused'))).toEqual([])
  })

  test('a base that is rounded', async () => {
    const lora = { rank: 2, targets: ['q_proj'] }
    expect(await refusal({ ...llama, train: { ...llama.train, lora, base: 'int8' } })).toMatch(/train\.base int8/)
  })

  test('a run of another recipe, an altered file, a run that has not finished, another rate', async () => {
    const name = 'llama yarn'
    const folder = folderOf(name, 'run')
    const read = async (recipe: Name) => {
      const experiment = await prepared(recipe, 'read')
      const run = readClusterRun(await openClusterRun(folder), experiment)
      return run
        .then(({ close }) => close())
        .catch((error: unknown) => (isSkipwiseError(error) ? error.code : String(error)))
        .finally(() => experiment.state.release())
    }
    const edit = async (file: string, change: (text: string) => string, code: string) => {
      const path = join(folder, 'out', file)
      const before = await readFile(path)
      await writeFile(path, change(before.toString('latin1')), 'latin1')
      expect(await read(name), file).toBe(code)
      await writeFile(path, before)
    }
    await exported(name)
    await extend({ ...recipes[name], output: folderOf(name, 'own') })
    expect(await read(name)).toBe('CLUSTER_UNFINISHED')
    await pretend(name, folder, folderOf(name, 'own'), false)
    expect(await read('llama longrope')).toBe('CLUSTER_OTHER_RUN')
    await edit('model/model.safetensors', text => `${text.slice(0, -1)}\x01`, 'CLUSTER_RUN')
    await edit('result.json', text => text.replace('"runKey":"', '"runKey":"0'), 'CLUSTER_OTHER_RUN')
    await edit('losses.jsonl', text => text.replace('"step":7,', '"step":8,'), 'CLUSTER_UNFINISHED')
    await edit('losses.jsonl', text => text.replace(/("step":7,.*"learningRate":)/, '$11'), 'CLUSTER_RUN')
    await expect(openClusterRun(root)).rejects.toMatchObject({ code: 'CLUSTER_RUN' })
  })
})

test('the golden values are of this very train.py, and every trap was stopped by a sentence', async () => {
  const program = join(import.meta.dirname, '..', '..', 'cluster', 'python', 'train.py')
  expect(golden.program, 'make the golden values again, as the head of this file says').toBe(
    await digestOfFile(program)
  )
  expect(golden.traps).toEqual({
    'the mask dropped': expect.stringMatching(/do not see those before its jump .* attention_mask of ones/),
    'another RoPE table': expect.stringMatching(/is not that of rope\.safetensors/),
    'no fixed table': expect.stringMatching(/the loss of the first batch is/),
    'rows in another file': expect.stringMatching(/is not the file that Skipwise wrote/),
    'rows shuffled': expect.stringMatching(/the rows come in another order/),
    'another scheduler': expect.stringMatching(/another scheduler is at work/),
    'processes that do not divide the batch': expect.stringMatching(/cannot be divided by 3 processes/)
  })
})
