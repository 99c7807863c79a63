import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Workspace } from './workspace.js'

const workspace = new Workspace()
// in bfloat16
const tinyLlama = join(import.meta.dirname, '../../tiny-llama/model')
afterAll(() => workspace.remove())

const recipe = (name: string, train: string, more = '') => `
model: ${tinyLlama}
window: { original: 64, target: 256 }
data: { files: [documents.jsonl] }
train: { steps: 3, batch: 2, learningRate: 1e-3, ${train} }
output: out/${name}
${more}`

const LORA = "lora: { rank: 4, targets: 'all-linear' }"
const text = (file: string) => readFileSync(workspace.path(file), 'utf8')

async function extend(name: string, train: string, more = '') {
  workspace.write(`${name}.yaml`, recipe(name, train, more))
  workspace.write(
    'documents.jsonl',
    JSON.stringify({ text: 'a needle lies in the hay, and nobody looks for it. '.repeat(40) })
  )
  return workspace.run(['extend', `${name}.yaml`])
}

describe('train.base', () => {
  test('bf16 gives the bytes of float32: the file is in bfloat16', async () => {
    expect(await extend('float32', LORA)).toMatchObject({ code: 0 })
    const run = await extend('bf16', `base: bf16, ${LORA}`)
    expect(run).toMatchObject({ code: 0, stdout: expect.stringContaining('base in bf16, exactly') })
    for (const file of ['model.safetensors', 'adapter/adapter_model.safetensors'])
      expect(readFileSync(workspace.path(`out/bf16/${file}`))).toEqual(
        readFileSync(workspace.path(`out/float32/${file}`))
      )
    expect(JSON.parse(text('out/bf16/skipwise.json')).training.base).toEqual({ type: 'bf16', relativeError: 0 })
  })

  test('int4 says what it did to the numbers, and the base is evaluated as it is', async () => {
    const suite = `evaluate: [{ perplexity: { data: documents.jsonl, windows: [64] } }]`
    expect(await extend('int4', `base: int4, strategy: blockwise, ${LORA}`, suite)).toMatchObject({ code: 0 })
    const { training, results } = JSON.parse(text('out/int4/skipwise.json'))
    expect(training.base.type).toBe('int4')
    // 4 bits: a step is an eighth of the largest number of 64
    expect(training.base.relativeError).toBeGreaterThan(0.02)
    expect(training.base.relativeError).toBeLessThan(0.2)
    // the base is evaluated as it is, and not rounded
    const base = await workspace.run([
      'eval',
      'perplexity',
      '--model',
      tinyLlama,
      '--json',
      '--config',
      JSON.stringify({ data: 'documents.jsonl', windows: [64] })
    ])
    expect(results.base[0].metrics).toEqual(JSON.parse(base.stdout).metrics)
  })

  test('is refused where every matrix is trained, with its line', async () => {
    const { code, stderr } = await extend('whole', 'base: int8')
    expect(code).toBe(2)
    expect(stderr).toMatch(/whole\.yaml:5:\d+: train\.base is int8, and every matrix is trained/)
  })

  test('is refused by an executor that has float32 alone, before any work', async () => {
    const { code, stderr } = await extend('tfjs', `base: bf16, ${LORA}`, 'executor: tfjs')
    expect(code).not.toBe(0)
    expect(stderr).toMatch(
      /EXECUTOR_STORAGE: the executor .* cannot hold weights in bfloat16: use float32, or the executor onnx/
    )
  })
})

describe('--weights', () => {
  const suite = [
    'eval',
    'perplexity',
    '--model',
    tinyLlama,
    '--json',
    '--config',
    '{"windows": [64], "data": "documents.jsonl"}'
  ]
  const evaluate = async (...more: string[]) => JSON.parse((await workspace.run([...suite, ...more])).stdout)

  test('bf16 of a bfloat16 file has the numbers of float32, and int8 and int4 say how far off they are', async () => {
    const plain = await evaluate()
    const bf16 = await evaluate('--weights', 'bf16')
    expect(bf16.metrics).toEqual(plain.metrics)
    expect([plain.run.weights, bf16.run.weights]).toEqual([undefined, { type: 'bf16', relativeError: 0 }])
    expect(bf16.run.key).not.toBe(plain.run.key)
    const int8 = await evaluate('--weights', 'int8')
    const int4 = await evaluate('--weights', 'int4')
    expect(int8.run.weights.relativeError).toBeLessThan(0.01)
    expect(int4.run.weights.relativeError).toBeGreaterThan(0.02)
    const off = ({ metrics }: typeof plain) =>
      Math.abs(Math.log(metrics['perplexity@64'] / plain.metrics['perplexity@64']))
    expect(off(int8)).toBeLessThan(0.02)
    expect(off(int8)).toBeLessThan(off(int4))
    expect(off(int4)).toBeLessThan(0.5)
  })

  test('generates the text of float32 with bf16, and names what there is', async () => {
    const generate = (...more: string[]) =>
      workspace.run(['generate', tinyLlama, '17 is', '--max-new-tokens', '8', ...more])
    const plain = await generate()
    expect(plain).toMatchObject({ code: 0 })
    expect(await generate('--weights', 'bf16')).toMatchObject({ code: 0, stdout: plain.stdout })
    const wrong = await generate('--weights', 'int5')
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toContain('float32, bf16, int8, int4')
  })
})
