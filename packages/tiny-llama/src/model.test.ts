import { openCheckpoint, readModelConfig } from '@skipwise/checkpoints'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { tinyLlama } from './index.js'

// The weights come last: tokenizer and recipes, which make them, are there before.
describe.skipIf(!existsSync(join(tinyLlama.folder, 'model.safetensors')))('the model folder', () => {
  it('has finite bf16 weights of a LLaMA with 935,040 parameters', async () => {
    const config = await readModelConfig(tinyLlama.folder)
    expect(config).toMatchObject({
      vocab_size: 1024,
      hidden_size: 128,
      num_hidden_layers: 4,
      max_position_embeddings: tinyLlama.window,
      tie_word_embeddings: true
    })
    const checkpoint = await openCheckpoint(tinyLlama.folder)
    try {
      expect(checkpoint.names.length).toBe(2 + 9 * 4)
      let parameters = 0
      for (const name of checkpoint.names) {
        expect(checkpoint.info(name).dtype).toBe('BF16')
        const values = await checkpoint.read(name)
        expect(values.every(Number.isFinite)).toBe(true)
        parameters += values.length
      }
      expect(parameters).toBe(935_040)
    } finally {
      await checkpoint.close()
    }
  })
})
