import { openCheckpoint, readModelConfig } from '@skipwise/checkpoints'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { trainRecipe, Workspace } from './workspace.js'

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
    expect(readdirSync(workspace.path('base')).sort()).toEqual(['config.json', 'loss.svg', 'model.safetensors', 'report.html', 'skipwise.json', 'tokenizer.json'])
    expect(existsSync(workspace.path('base.training'))).toBe(false)
    expect(JSON.parse(readFileSync(workspace.path('base/skipwise.json'), 'utf8'))).toMatchObject({ version: 1, kind: 'train', training: { steps: 12 } })
  })

  test('extend: both kinds of RoPE keys, results of both models, no machine paths', async () => {
    const { code, stdout, stderr } = await workspace.run(['extend', 'extend.yaml', '--json'])
    expect(stderr).not.toContain('INTERNAL')
    expect(code).toBe(0)
    const result = JSON.parse(stdout) as { results: { base: { metrics: Record<string, number> }[]; model: { metrics: Record<string, number> }[] } }
    for (const [suite] of [result.results.base, result.results.model]) expect(Object.keys(suite.metrics)).toEqual(['perplexity@32', 'perplexity@128'])
    expect(await readModelConfig(workspace.path('out/long'))).toMatchObject({
      max_position_embeddings: 128, rope_theta: 10000,
      rope_scaling: { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 32 }, rope_parameters: { rope_type: 'yarn', factor: 4, rope_theta: 10000 }
    })
    for (const file of ['skipwise.json', 'report.html', 'config.json']) expect(readFileSync(workspace.path(`out/long/${file}`), 'utf8')).not.toContain(workspace.folder)
    expect(readdirSync(workspace.path('out'))).toEqual(['long'])
  })

  test('the same command again finds its result; another recipe does not overwrite it', async () => {
    const again = await workspace.run(['train', 'train.yaml'])
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('Trained 12 steps')])
    workspace.write('other.yaml', trainRecipe.replace('seed: 3', 'seed: 4'))
    const other = await workspace.run(['train', 'other.yaml'])
    expect([other.code, other.stderr]).toEqual([1, expect.stringMatching(/^OUTPUT_EXISTS: /m)])
  })

  test.each([1, 2])('kill -9 and resume give the bytes of an uninterrupted run (%i)', async round => {
    const name = `killed-${round}`
    workspace.write(`${name}.yaml`, trainRecipe.replace('output: base', `output: ${name}`).replace('checkpointEvery: 2', `checkpointEvery: ${round}`))
    const state = workspace.path(`${name}.training/state.safetensors`)
    const killed = await workspace.run(['train', `${name}.yaml`], { kill: () => existsSync(state) })
    expect(killed).toMatchObject({ code: null })
    expect(existsSync(workspace.path(name))).toBe(false)
    expect(existsSync(state)).toBe(true)
    expect((await workspace.run(['train', `${name}.yaml`])).code).toBe(0)
    expect(await weightsOf(name)).toBe(await weightsOf('base'))
    expect(existsSync(`${workspace.path(name)}.training`)).toBe(false)
  })

  test('eval and generate read what was written', async () => {
    const evaluated = await workspace.run(['eval', 'perplexity', '--model', 'base', '--config', '{"data": "held-out.jsonl", "windows": [32, 64], "documents": 1}', '--json'])
    expect(Object.keys((JSON.parse(evaluated.stdout) as { metrics: object }).metrics)).toEqual(['perplexity@32', 'perplexity@64'])
    const [greedy, json] = [await workspace.run(['generate', 'base', '12 is', '--max-new-tokens', '8']), await workspace.run(['generate', 'base', '12 is', '--max-new-tokens', '8', '--json'])]
    expect(greedy.stdout).toBe(`${(JSON.parse(json.stdout) as { text: string }).text}\n`)
  })
})
