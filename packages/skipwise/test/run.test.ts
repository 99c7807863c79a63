import { openCheckpoint, readModelConfig } from '@skipwise/checkpoints'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { extendRecipe, trainRecipe, Workspace } from './workspace.js'

const workspace = new Workspace()
beforeAll(async () => {
  const { code, stderr } = await workspace.run(['train', 'train.yaml'])
  expect(stderr).not.toMatch(/Error|INTERNAL/)
  expect(code).toBe(0)
})
afterAll(() => workspace.remove())

async function weightsOf(folder: string): Promise<string> {
  const checkpoint = await openCheckpoint(workspace.path(folder))
  await checkpoint.close()
  return readFileSync(workspace.path(`${folder}/model.safetensors`)).toString('base64')
}

describe('skipwise train and extend', () => {
  test('write a complete Hugging Face folder', () => {
    expect(readdirSync(workspace.path('base')).sort()).toEqual([
      'SHA256SUMS',
      'config.json',
      'loss.svg',
      'metrics',
      'model.safetensors',
      'report.html',
      'skipwise.json',
      'tokenizer.json'
    ])
    expect(existsSync(workspace.path('base.training'))).toBe(false)
    expect(JSON.parse(readFileSync(workspace.path('base/skipwise.json'), 'utf8'))).toMatchObject({
      version: 1,
      kind: 'train',
      training: { steps: 12 }
    })
  })

  test('--plan says what training would take, and why it does not fit, and leaves nothing', async () => {
    const fits = await workspace.run(['train', 'train.yaml', '--plan', '--json'])
    const plan = JSON.parse(fits.stdout) as {
      chosen?: string
      limit: number
      strategies: Record<string, { peak: number }>
    }
    expect([fits.code, plan.chosen]).toEqual([0, 'whole'])
    expect(plan.strategies['whole'].peak).toBeLessThan(plan.limit)
    expect(fits.stderr).toMatch(/Memory plan.*\n.*activations/)
    workspace.write(
      'small.yaml',
      trainRecipe.replace('output: base', 'output: small').replace('checkpointEvery: 2', 'memoryLimit: 0.01')
    )
    const refused = await workspace.run(['train', 'small.yaml'])
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/^TRAINING_MEMORY: .*GB/m)])
    expect(existsSync(workspace.path('small'))).toBe(false)
  })

  test('extend: both kinds of RoPE keys, results of both models, no machine paths', async () => {
    const { code, stdout, stderr } = await workspace.run(['extend', 'extend.yaml', '--json'])
    expect(stderr).not.toContain('INTERNAL')
    expect(code).toBe(0)
    const result = JSON.parse(stdout) as {
      results: { base: { metrics: Record<string, number> }[]; model: { metrics: Record<string, number> }[] }
    }
    for (const [suite] of [result.results.base, result.results.model])
      expect(Object.keys(suite.metrics)).toEqual([
        'perplexity@32',
        'bits-per-byte@32',
        'perplexity@128',
        'bits-per-byte@128'
      ])
    expect(await readModelConfig(workspace.path('out/long'))).toMatchObject({
      max_position_embeddings: 128,
      rope_theta: 10000,
      rope_scaling: { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 32 },
      rope_parameters: { rope_type: 'yarn', factor: 4, rope_theta: 10000 }
    })
    for (const file of ['skipwise.json', 'report.html', 'config.json'])
      expect(readFileSync(workspace.path(`out/long/${file}`), 'utf8')).not.toContain(workspace.folder)
    expect(readdirSync(workspace.path('out'))).toEqual(['long'])
  })

  test('the same command again finds its result; another recipe does not overwrite it', async () => {
    const again = await workspace.run(['train', 'train.yaml'])
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('Trained 12 steps')])
    expect(existsSync(workspace.path('base.training'))).toBe(false)
    workspace.write('other.yaml', trainRecipe.replace('seed: 3', 'seed: 4'))
    const other = await workspace.run(['train', 'other.yaml'])
    expect([other.code, other.stderr]).toEqual([2, expect.stringMatching(/^OUTPUT_EXISTS: /m)])
  })

  test.each([1, 2])('kill -9 and resume give the bytes of an uninterrupted run (%i)', async round => {
    const name = `killed-${round}`
    workspace.write(
      `${name}.yaml`,
      trainRecipe.replace('output: base', `output: ${name}`).replace('checkpointEvery: 2', `checkpointEvery: ${round}`)
    )
    const state = workspace.path(`${name}.training/state.safetensors`)
    const killed = await workspace.run(['train', `${name}.yaml`], { kill: () => existsSync(state) })
    expect(killed).toMatchObject({ code: null })
    expect(existsSync(workspace.path(name))).toBe(false)
    expect(existsSync(state)).toBe(true)
    expect((await workspace.run(['train', `${name}.yaml`])).code).toBe(0)
    expect(await weightsOf(name)).toBe(await weightsOf('base'))
    expect(existsSync(`${workspace.path(name)}.training`)).toBe(false)
  })

  test.each([
    [
      'gptj',
      '{ n_embd: 16, n_layer: 1, n_head: 2, n_positions: 32, rotary_dim: 4 }',
      { n_positions: 128, rope_scaling: { rope_type: 'yarn', factor: 4 } }
    ],
    [
      'baichuan',
      '{ hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2, model_max_length: 32, position_embedding: alibi, normalized_head: true }',
      { model_max_length: 128 }
    ]
  ])('train and extend a %s, whose window has a name of its own', async (architecture, config, extended) => {
    workspace.write(
      'other-train.yaml',
      trainRecipe
        .replace('architecture: llama', `architecture: ${architecture}`)
        .replace(/config: {.*}/, `config: ${config}`)
        .replace('steps: 12', 'steps: 3')
        .replace('output: base', `output: ${architecture}`)
    )
    expect(await workspace.run(['train', 'other-train.yaml'])).toMatchObject({ code: 0 })
    workspace.write(
      'other-extend.yaml',
      extendRecipe
        .replace('model: base', `model: ${architecture}`)
        .replace('output: out/long', `output: out/${architecture}`)
        .replace('steps: 8', 'steps: 3')
    )
    expect(await workspace.run(['extend', 'other-extend.yaml'])).toMatchObject({ code: 0 })
    const written = await readModelConfig(workspace.path(`out/${architecture}`))
    expect(written).toMatchObject({ model_type: architecture, ...extended })
    expect(written).not.toHaveProperty('max_position_embeddings')
  })

  test('eval and generate read what was written', async () => {
    const evaluated = await workspace.run([
      'eval',
      'perplexity',
      '--model',
      'base',
      '--config',
      '{"data": "held-out.jsonl", "windows": [32, 64], "documents": 1}',
      '--json'
    ])
    expect(Object.keys((JSON.parse(evaluated.stdout) as { metrics: object }).metrics)).toEqual([
      'perplexity@32',
      'bits-per-byte@32',
      'perplexity@64',
      'bits-per-byte@64'
    ])
    const [greedy, json] = [
      await workspace.run(['generate', 'base', '12 is', '--max-new-tokens', '8']),
      await workspace.run(['generate', 'base', '12 is', '--max-new-tokens', '8', '--json'])
    ]
    expect(greedy.stdout).toBe(`${(JSON.parse(json.stdout) as { text: string }).text}\n`)
  })

  test('generate ends before a stop text, and answers messages by the chat template of the model', async () => {
    const generate = async (...args: string[]) => {
      const { code, stdout, stderr } = await workspace.run([
        'generate',
        'base',
        '12 is',
        '--max-new-tokens',
        '8',
        '--json',
        ...args
      ])
      return {
        code,
        stderr,
        ...(stdout
          ? (JSON.parse(stdout) as { text: string; promptTokens: number; newTokens: number })
          : { text: '', promptTokens: 0 })
      }
    }
    const { text } = await generate()
    const third = text[2]
    expect((await generate('--stop', third, '--stop', 'never said')).text).toBe(text.slice(0, text.indexOf(third)))
    expect(await generate('--chat')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^CHAT_TEMPLATE_NOT_FOUND: /m)
    })
    workspace.write(
      'base/chat_template.jinja',
      '{% for message in messages %}{{ message.role[0] }}: {{ message.content }}\n{% endfor %}'
    )
    expect(await generate('--chat', '--system', 'Count.')).toMatchObject({
      code: 0,
      promptTokens: 's: Count.\nu: 12 is\n'.length
    })
    expect(await generate('--system', 'Count.')).toMatchObject({ code: 2, stderr: expect.stringContaining('--chat') })
  })
})
