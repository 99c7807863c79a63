import { openSafetensors } from '@skipwise/checkpoints'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { model, newFolder } from '../test/tiny-run.js'
import type { LoraOptions } from './lora.js'
import { writePeftAdapter } from './peft-adapter.js'
import { trainedParameters } from './trained-parameters.js'

const EMBEDDING = 'model.embed_tokens.weight'
const HEAD = 'lm_head.weight'
const tied = { embedding: EMBEDDING, head: HEAD }
const parameters = model.parameters.filter(({ name }) => name !== HEAD)

/** What an adapter with numbers of its own is written as. */
async function written(lora: LoraOptions, of: Partial<Parameters<typeof writePeftAdapter>[1]> = {}) {
  const { trained } = trainedParameters({ ...model, parameters }, { lora })
  const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)
  const tensors = new Map(trained.map(({ name, shape }, i) => [name, new Float32Array(size(shape)).fill(i + 1)]))
  const folder = await newFolder()
  await writePeftAdapter(folder, { parameters, lora, tensors, baseModel: null, ...of })
  const source = await openSafetensors(join(folder, 'adapter_model.safetensors'))
  const config = JSON.parse(await readFile(join(folder, 'adapter_config.json'), 'utf8')) as Record<string, unknown>
  const stored = new Map<string, Float32Array>()
  for (const name of source.names) stored.set(name, await source.read(name))
  await source.close()
  return { stored, config }
}

const lora: LoraOptions = { rank: 2, targets: ['q_proj'], seed: 0 }

test('a trained embedding that is the output layer too is written as both, for PEFT makes two of them', async () => {
  const { stored, config } = await written({ ...lora, alsoTrain: ['embed_tokens', 'norm'] }, { tied })
  expect(stored.get(`base_model.model.${HEAD}`)).toEqual(stored.get(`base_model.model.${EMBEDDING}`))
  expect(config).toMatchObject({ modules_to_save: ['embed_tokens', 'norm'], ensure_weight_tying: true })
})

test('nothing is added where embeddings are not tied, or not trained', async () => {
  for (const [also, of] of [
    [['embed_tokens'], {}],
    [['norm'], { tied }],
    [[], { tied }]
  ] as const) {
    const { stored, config } = await written({ ...lora, alsoTrain: [...also] }, of)
    expect([...stored.keys()]).not.toContain(`base_model.model.${HEAD}`)
    expect(config).not.toHaveProperty('ensure_weight_tying')
  }
})
