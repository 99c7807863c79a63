// Real processes and real signals, at every stage of the long verbs: what was done is kept, and the same command goes
// on to the bytes of a run that was left alone.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { extendRecipe, trainRecipe, Workspace } from './workspace.js'

const workspace = new Workspace()
afterAll(() => workspace.remove())

const EXIT = { SIGINT: 130, SIGTERM: 143 } as const

/** A run of some seconds with all that keeps state: adapters, averages, validation, packed documents. */
const recipe = (output: string, steps: number) =>
  extendRecipe
    .replace('output: out/long', `output: ${output}`)
    .replace('data: { files: [text.jsonl] }', 'data: { files: [text.jsonl], pack: true }')
    .replace(
      /train: .*/,
      `train:
  steps: ${steps}
  batch: 4
  microBatch: 2
  learningRate: 1e-3
  checkpointEvery: 1000
  lora: { rank: 2, targets: all-linear }
  ema: { decay: 0.9 }
  validate: { every: 25, suite: { perplexity: { data: held-out.jsonl, windows: [32], documents: 1 } }, metric: 'perplexity@32' }`
    )

const linesOf = (file: string) =>
  existsSync(workspace.path(file)) ? readFileSync(workspace.path(file), 'utf8').split('\n').length - 1 : 0
const sha256 = (file: string) =>
  createHash('sha256')
    .update(readFileSync(workspace.path(file)))
    .digest('hex')
const lossesOf = (output: string) =>
  (
    JSON.parse(readFileSync(workspace.path(`${output}/skipwise.json`), 'utf8')) as {
      training: { losses: number[]; validation: object }
    }
  ).training

/** When a run is where. */
const stages: Record<string, (output: string) => boolean> = {
  reading: output => existsSync(workspace.path(`${output}.training/run.lock`)),
  'evaluating the base': output => linesOf(`${output}.training/base-0.journal`) > 1,
  training: output => linesOf(`${output}.training/metrics/metrics.jsonl`) >= 7,
  writing: output => existsSync(workspace.path(`${output}.training/model`)),
  evaluating: output => existsSync(workspace.path(`${output}.training/trained.json`))
}

beforeAll(async () => {
  expect(await workspace.run(['train', 'train.yaml'])).toMatchObject({ code: 0 })
  workspace.write('alone.yaml', recipe('alone', 60))
  expect(await workspace.run(['extend', 'alone.yaml'])).toMatchObject({
    code: 0,
    stderr: expect.not.stringContaining('INTERNAL')
  })
})

describe('extend that is stopped', () => {
  // both signals take one way: SIGTERM is tried where most of the time is spent
  const cases = [...Object.keys(stages).map(stage => ['SIGINT', stage] as const), ['SIGTERM', 'training'] as const]
  test.each(cases)('by %s while %s goes on to the same bytes', async (name, stage) => {
    const output = `${name}-${stage.replaceAll(' ', '-')}`
    workspace.write(`${output}.yaml`, recipe(output, 60))
    const stopped = await workspace.run(['extend', `${output}.yaml`], {
      kill: () => stages[stage](output),
      signals: [name]
    })
    expect(stopped.stderr).toMatch(/^stopping as soon as the work is saved/m)
    // what was being written when it came may have been the last of the run
    if (stopped.code !== 0) {
      expect(stopped).toMatchObject({
        code: EXIT[name],
        signal: null,
        stderr: expect.stringMatching(/^(TRAINING|CLI)_INTERRUPTED: .*run the same command again/m)
      })
      expect(existsSync(workspace.path(output))).toBe(false)
      expect(existsSync(workspace.path(`${output}.training/run.lock`))).toBe(false)
    }
    expect(await workspace.run(['extend', `${output}.yaml`])).toMatchObject({ code: 0 })
    for (const file of ['model.safetensors', 'adapter/adapter_model.safetensors'])
      expect(sha256(`${output}/${file}`)).toBe(sha256(`alone/${file}`))
    const [one, other] = [lossesOf(output), lossesOf('alone')]
    expect([one.losses, one.validation]).toEqual([other.losses, other.validation])
    expect(linesOf(`${output}/metrics/metrics.jsonl`)).toBe(60)
    expect(existsSync(workspace.path(`${output}.training`))).toBe(false)
  })
})

describe('a long training', () => {
  test('is saved at the step that it was stopped at, and another signal ends it at once', async () => {
    workspace.write('long.yaml', recipe('long', 100_000))
    const steps = () => linesOf('long.training/metrics/metrics.jsonl')
    const stopped = await workspace.run(['extend', 'long.yaml'], { kill: () => steps() >= 30, signals: ['SIGINT'] })
    expect(stopped.code).toBe(130)
    expect(stopped.stderr).toContain(`training stopped after step ${steps()} of 100000`)
    const twice = await workspace.run(['extend', 'long.yaml'], {
      kill: () => steps() >= 60,
      signals: ['SIGINT', 400, 'SIGINT']
    })
    // it has ended after the first, or was ended by the second
    expect(twice.code === 130 || twice.signal === 'SIGINT').toBe(true)
  })

  test('takes a signal that comes twice within an instant as one: npm passes on what the terminal has sent', async () => {
    const steps = () => linesOf('long.training/metrics/metrics.jsonl')
    const before = steps()
    const stopped = await workspace.run(['extend', 'long.yaml'], {
      kill: () => steps() > before + 3,
      // at once: on a busy machine a timer of 20 ms may fire after half a second
      signals: ['SIGINT', 'SIGINT']
    })
    expect(stopped).toMatchObject({
      code: 130,
      signal: null,
      stderr: expect.stringMatching(/^TRAINING_INTERRUPTED: /m)
    })
  })
})

describe('train, eval, generate and bench', () => {
  test('train is stopped and goes on', async () => {
    workspace.write(
      'train-long.yaml',
      trainRecipe.replace('steps: 12', 'steps: 100000').replace('output: base', 'output: train-long')
    )
    const steps = () => linesOf('train-long.training/metrics/metrics.jsonl')
    const stopped = await workspace.run(['train', 'train-long.yaml'], { kill: () => steps() > 5, signals: ['SIGTERM'] })
    expect(stopped).toMatchObject({ code: 143, stderr: expect.stringMatching(/^TRAINING_INTERRUPTED: /m) })
  })

  test('eval keeps what it has scored', async () => {
    const long = Array.from({ length: 30 }, (_, i) => JSON.stringify({ text: `${i} is a number; `.repeat(60) })).join(
      '\n'
    )
    workspace.write('long.jsonl', long)
    const config = JSON.stringify({ data: 'long.jsonl', windows: [32], documents: 30 })
    const command = ['eval', 'perplexity', '--model', 'base', '--output', 'result.json', '--config', config]
    const stopped = await workspace.run(command, {
      kill: () => linesOf('result.json.journal') > 1,
      signals: ['SIGINT']
    })
    if (stopped.code !== 0) {
      expect(stopped).toMatchObject({ code: 130, stderr: expect.stringMatching(/^CLI_INTERRUPTED: /m) })
      expect(linesOf('result.json.journal')).toBeGreaterThan(1)
      expect(existsSync(workspace.path('result.json'))).toBe(false)
    }
    expect(await workspace.run(command)).toMatchObject({ code: 0 })
    expect(readdirSync(workspace.folder).filter(name => name.startsWith('result.json'))).toEqual(['result.json'])
  })

  test('generate stops', async () => {
    const wide = trainRecipe
      .replace('max_position_embeddings: 32', 'max_position_embeddings: 2000000')
      .replace('steps: 12', 'steps: 1')
    workspace.write('wide.yaml', wide.replace('output: base', 'output: wide'))
    expect(await workspace.run(['train', 'wide.yaml'])).toMatchObject({ code: 0 })
    const started = Date.now()
    const stopped = await workspace.run(['generate', 'wide', '12 is', '--max-new-tokens', '1000000'], {
      kill: () => Date.now() - started > 5000,
      signals: ['SIGINT']
    })
    expect(stopped).toMatchObject({ code: 130, stderr: expect.stringMatching(/^CLI_INTERRUPTED: /m) })
  })

  test('bench stops', async () => {
    const started = Date.now()
    const stopped = await workspace.run(
      ['bench', 'train', '--steps', '1000000', '--model', '{"d":32,"L":1,"h":2,"ff":32,"V":64,"T":32,"B":1}'],
      {
        kill: () => Date.now() - started > 6000,
        signals: ['SIGTERM']
      }
    )
    expect(stopped).toMatchObject({ code: 143, stderr: expect.stringMatching(/^CLI_INTERRUPTED: /m) })
  })
})
